// Tests a stream on which nothing is said for longer than a runtime's idle time-out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, type Connection, createSSEResponse } from "../../mod.ts";
import { RawClient } from "../support/client.ts";
import { servers } from "../support/servers.ts";
import { sleep } from "../support/wait.ts";

const QUIET = 61_000;

test("a quiet stream is alive after 60 s, with every default left alone", { timeout: 90_000 }, async () => {
  await Promise.all(servers.map(async (kind) => {
    const broadcaster = new Broadcaster();
    let connection!: Connection;
    const server = await kind.start((request) =>
      request.url.endsWith("/broadcaster")
        ? broadcaster.subscribe(request)
        : createSSEResponse(request, (given) => void (connection = given))
    );
    try {
      const single = await RawClient.open(server.port, { path: "/single" });
      const subscriber = await RawClient.open(server.port, { path: "/broadcaster" });
      await single.until(":\n\n");
      await subscriber.until("tidings-cursor");
      await sleep(QUIET);
      for (const client of [single, subscriber]) {
        assert.equal(client.closed, false, `${kind.name} ended the stream: ${client.text}`);
        assert.doesNotMatch(client.text, /still here/);
      }
      assert.equal(broadcaster.size, 1);
      broadcaster.publish("still here");
      assert.equal(connection.send("still here"), true);
      await single.until("data: still here\n\n");
      await subscriber.until("data: still here\n\n");
      single.end();
      subscriber.end();
    } finally {
      await server.close();
    }
  }));
});
