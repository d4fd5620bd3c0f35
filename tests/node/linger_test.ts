// Tests that a client which is still sending gets an answer that ends its connection.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type FetchHandler, toNodeListener } from "../../lib/node/mod.ts";
import { RawClient } from "../support/client.ts";
import { runtime } from "../support/runtime.ts";
import { sleep } from "../support/wait.ts";

const skip = runtime === "node" ? false : "this runtime's node:http ends connections in its own way";
const PIECE = "x".repeat(20_000);
const CHUNK = `${PIECE.length.toString(16)}\r\n${PIECE}\r\n`;

const refuse = () => new Response("too large", { status: 413, headers: { connection: "close" } });

/** @param use Is given a client that sends on whatever the server says, and how many connections the server has. */
async function serving(
  handler: FetchHandler,
  use: (client: RawClient, connections: () => Promise<number>) => Promise<void>,
): Promise<void> {
  const server = createServer(toNodeListener(handler)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const client = await RawClient.open((server.address() as AddressInfo).port, undefined, true);
  const connections = () =>
    new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
  try {
    await use(client, connections);
  } finally {
    client.close();
    await new Promise((resolve) => server.close(resolve));
  }
}

const post = { method: "POST", headers: { "transfer-encoding": "chunked" } };

test("the answer reaches a client that only looks for it after it has sent more", { skip }, async () => {
  await serving(refuse, async (client) => {
    client.request(post);
    client.send(CHUNK);
    client.pause();
    for (let i = 0; i < 50; i++) {
      client.send(CHUNK);
      await sleep(4);
    }
    client.resume();
    await client.until(/^HTTP\/1.1 413[^]*too large/);
  });
});

test("a client that sends on for ever is cut off some seconds after the answer", { skip }, async () => {
  await serving(refuse, async (client) => {
    client.request(post);
    const begin = performance.now();
    while (!client.closed) {
      client.send(CHUNK);
      await sleep(4);
      assert.ok(performance.now() - begin < 20_000, "the connection does not end");
    }
    assert.match(client.text, /^HTTP\/1.1 413[^]*too large/);
  });
});

test(
  "once a client has sent all, its connection ends at once, and nothing else is taken",
  { skip },
  async () => {
    let requests = 0;
    const handler = () => {
      requests++;
      return refuse();
    };
    await serving(handler, async (client, connections) => {
      client.request(post);
      client.send(CHUNK);
      await client.until("too large");
      assert.equal(await connections(), 1);
      const begin = performance.now();
      client.send(`0\r\n\r\nPOST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n`);
      while (await connections() > 0) {
        assert.ok(performance.now() - begin < 1_000, "the connection does not end at once");
        await sleep(5);
      }
      assert.equal(requests, 1);
    });
  },
);
