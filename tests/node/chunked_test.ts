// Checks what arrives of chunks of each size that are written straight to Node's sockets, and when the drain comes.
import assert from "node:assert/strict";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import { ChunkedWriter } from "../../lib/node/chunked.ts";
import { bodiesOf } from "../support/bodies.ts";
import { RawClient } from "../support/client.ts";
import { runtime } from "../support/runtime.ts";
import { until } from "../support/wait.ts";

const skip = runtime !== "node" && "only Node's own node:http is written to directly";

/** A response under way: who writes it, and who reads it. */
interface UnderWay {
  readonly outgoing: ServerResponse;
  readonly writer: ChunkedWriter;
  readonly socket: Socket;
  readonly client: RawClient;
}

/** Responses whose headers and first bytes are with their clients. */
async function responding(count: number, use: (responses: UnderWay[]) => Promise<void>): Promise<void> {
  const begun: Omit<UnderWay, "client">[] = [];
  const server = createServer(({ socket }, outgoing) => {
    outgoing.write("begun ");
    begun.push({ outgoing, writer: new ChunkedWriter(), socket });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const responses: UnderWay[] = [];
    for (let i = 0; i < count; i++) {
      const client = await RawClient.open(port, {});
      await client.until("begun ");
      responses.push({ ...begun[i]!, client });
    }
    await use(responses);
    for (const { client } of responses) client.reset();
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

const letters = (size: number) => new Uint8Array(size).fill("x".charCodeAt(0));

test(
  "chunks of every size arrive as they were, at every client that they are shared with",
  { skip },
  async () => {
    // 8,192 bytes are the largest that are framed once for all.
    const sizes = [1, 300, 8_192, 8_193, 2, 70_000, 15];
    await responding(3, async (responses) => {
      for (const size of sizes) {
        const chunk = letters(size);
        for (const { outgoing, writer } of responses) writer.write(outgoing, chunk);
      }
      const all = sizes.reduce((sum, size) => sum + size, 0);
      for (const { outgoing, client } of responses) {
        outgoing.end();
        await client.until("\r\n0\r\n\r\n");
        assert.deepEqual(bodiesOf(client.text), [`begun ${"x".repeat(all)}<END>`]);
      }
    });
  },
);

test("a chunk of no bytes does not end the body, alone or between others", { skip }, async () => {
  await responding(2, async ([one, other]) => {
    const nothing = new Uint8Array(0);
    one!.writer.write(one!.outgoing, nothing);
    for (const { writer, outgoing } of [one!, other!]) {
      for (const size of [3, 0, 9_000, 0, 4]) writer.write(outgoing, size === 0 ? nothing : letters(size));
      writer.write(outgoing, nothing);
      outgoing.end();
    }
    for (const { client } of [one!, other!]) {
      await client.until("\r\n0\r\n\r\n");
      assert.deepEqual(bodiesOf(client.text), [`begun ${"x".repeat(3 + 9_000 + 4)}<END>`]);
    }
  });
});

for (
  const [title, sizes] of Object.entries({ small: [500], large: [20_000], mixed: [20_000, 500, 9_000, 0] })
) {
  test(`${title} chunks wait for a client that does not read, and the drain comes once it does`, {
    skip,
  }, async () => {
    await responding(1, async ([response]) => {
      const { outgoing, writer, socket, client } = response!;
      client.pause();
      let expected = "begun ";
      let full: NodeJS.EventEmitter | undefined;
      // The system takes some megabytes for it first.
      for (let i = 0; full === undefined; i++) {
        assert.ok(i < 50_000, "the socket is never full");
        const size = sizes[i % sizes.length]!;
        expected += "x".repeat(size);
        full = writer.write(outgoing, letters(size));
        if (i % 10 === 9) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.ok(full === outgoing || full === socket);
      let drained = false;
      full.once("drain", () => drained = true);
      client.resume();
      await until(() => drained, "the drain comes");
      outgoing.end();
      await client.until("\r\n0\r\n\r\n");
      assert.equal(bodiesOf(client.text)[0], `${expected}<END>`);
    });
  });
}
