// Tests broadcasters over a Postgres whose disk is full: it is told, with what to do, and with room again nothing is missing.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { postgresLog, postgresMigration } from "../../lib/postgres/mod.ts";
import { Broadcaster } from "../../mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { clientKinds } from "../support/postgres_clients.ts";
import { noSmallDisk, SmallDisk } from "../support/small_disk.ts";
import { until } from "../support/wait.ts";

const SMALL = 1 << 20;

for (const kind of clientKinds) {
  test(`${kind.name}: the log's disk is full, and then has room again`, {
    skip: noPostgres || noSmallDisk,
    timeout: 90_000,
  }, async () => {
    const server = await PostgresServer.start();
    const disk = SmallDisk.mount(SMALL, server.user);
    try {
      await server.command(postgresMigration({ logs: ["events"] }));
      await server.command(`CREATE TABLESPACE small LOCATION '${disk.path}'`);
      await server.command("ALTER TABLE tidings.events SET TABLESPACE small");
      const { client, close } = kind.open(server.url);
      const feed = new Broadcaster({
        backplane: postgresLog(client, { table: "events", maxEvents: Infinity }),
        publishTimeout: 3_000,
        onError: () => {},
      });
      await until(() => feed.health().ok, "the broadcaster is well");
      const reader = new MemoryClient(feed.subscribe(request({})));
      await reader.until(() => reader.lastEventId !== undefined, "it has a place");

      const acknowledged: string[] = [];
      let told: unknown;
      for (let n = 0; told === undefined && n < 1_000; n++) {
        const text = `${n} ${randomBytes(4_000).toString("base64")}`;
        await feed.publish(text).then(() => acknowledged.push(text), (error) => told = error);
      }
      assert.ok(acknowledged.length > 20, `${acknowledged.length} had room`);
      assert.match(
        String(told),
        /the server's disk is full\. Give it more, or keep less.*No space left on device/,
      );
      // What is there is read all the same.
      await reader.until(() => reader.events.length === acknowledged.length, "all that was acknowledged");

      disk.resize(8 * SMALL);
      for (let n = 0; n < 20; n++) {
        const text = `more ${n}`;
        await feed.publish(text);
        acknowledged.push(text);
      }
      assert.equal(feed.health().ok, true);
      await reader.until(() => reader.events.length === acknowledged.length, "what was published after that");
      assert.deepEqual(reader.events.map(({ data }) => data), acknowledged);
      await reader.leave();
      await feed.close();
      await close();
    } finally {
      await server.stop();
      disk.remove();
    }
  });
}
