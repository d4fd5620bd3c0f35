/** Runs Node's HTTP/2 server behind Caddy, as the guide to deployment sets it up. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { connect } from "../../lib/client/mod.ts";
import { toNodeListener } from "../../lib/node/mod.ts";
import { Broadcaster, type CloseInfo } from "../../mod.ts";
import { noCaddy, startCaddy } from "../support/caddy.ts";
import { RawClient } from "../support/client.ts";
import { blockIn } from "../support/languages.ts";
import { runtime } from "../support/runtime.ts";
import { until } from "../support/wait.ts";

const page = readFileSync(new URL("../../docs/guides/deployment.md", import.meta.url), "utf8");
const skip = runtime !== "node" && "Node's HTTP/2 server is tried on Node" || noCaddy();

const BLOCK = "x".repeat(16_384);
// Far more than what proxy and kernel take for a client that does not read.
const MOST = 3_000;

test("behind Caddy many streams share a connection: none holds up another, and who leaves is let go of", {
  skip,
  timeout: 90_000,
}, async () => {
  const feed = new Broadcaster();
  const reasons: string[] = [];
  const onClose = ({ reason }: CloseInfo) => void reasons.push(reason);
  const server = createServer(toNodeListener((request) => feed.subscribe(request, { onClose })));
  let connections = 0;
  server.on("session", () => connections++);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const port = await freePort();
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const caddy = startCaddy(
    blockIn(page, "text", "h2c://").replace("example.com", `http://127.0.0.1:${port}`)
      .replace("h2c://node1:8080 h2c://node2:8080", `h2c://${address}`),
  );
  const url = `http://127.0.0.1:${port}/events`;
  const counts = Array.from({ length: 10 }, () => 0);
  const streams: { close(): void }[] = [];
  try {
    await until(() => caddy.said().includes("serving initial configuration"), "Caddy is ready");
    for (const i of counts.keys()) {
      const stream = connect(url);
      stream.on((item) => void (item.kind === "event" && counts[i]!++));
      streams.push(stream);
    }
    await RawClient.open(port, { path: "/events", reading: false });
    await until(() => feed.size === 11, `all are there: ${caddy.said()}`);
    assert.equal(connections, 1);
    let sent = 0;
    for (; feed.size === 11 && sent < MOST; sent++) {
      feed.publish({ data: BLOCK });
      // At a pace that those who read keep.
      await until(() => counts.every((count) => count > sent), `event ${sent} is there`);
    }
    assert.equal(feed.size, 10, "the one that does not read is cut off");
    assert.deepEqual(reasons, ["lagging"]);
    for (const stream of streams) stream.close();
    await until(() => feed.size === 0, "those who left are gone");
    assert.deepEqual(reasons, ["lagging", ...counts.map(() => "client")]);
    assert.deepEqual(counts, counts.map(() => sent));
  } finally {
    for (const stream of streams) stream.close();
    await caddy.end();
    await feed.close();
    server.close();
  }
});
