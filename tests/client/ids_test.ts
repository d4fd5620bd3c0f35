// Tests ids of a foreign server that no header can carry: the reconnect goes without them, once, and a gap says so. All others
// come back as they were sent.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, type StreamItem } from "../../lib/client/mod.ts";
import { openStream, refuse, startServer } from "../support/client_server.ts";

const quick = { base: 10, max: 30 };

/** What the application got of a server that sends one event with this id, refuses so many times, and sends "last". */
async function resume(
  id: string,
  refusals = 0,
): Promise<{ items: StreamItem[]; sent: (string | undefined)[] }> {
  const server = await startServer((response, _, count) => {
    if (count === 0) return void openStream(response).end(`id: ${id}\ndata: first\n\n`);
    if (count <= refusals) return refuse(response, 503);
    openStream(response).write("data: last\n\n");
  });
  const items: StreamItem[] = [];
  const stream = connect(server.url, { retry: quick });
  for await (const item of stream) {
    items.push(item);
    if (item.kind === "event" && item.data === "last") break;
  }
  await server.kill();
  return {
    items,
    sent: server.requests.map(({ headers }) => headers["last-event-id"] as string | undefined),
  };
}

for (const id of ["a\x01b", "\x1f", "\x7f", "a\x1b[0m", " a", "a ", "a\t", "\ta", "日\x02"]) {
  test(
    `${JSON.stringify(id)} fits no header: a gap, and the stream goes on`,
    { timeout: 10_000 },
    async () => {
      const { items, sent } = await resume(id);
      const gap = { requested: id, reason: "fits no header" };
      assert.deepEqual(items, [
        { kind: "event", event: "message", data: "first", lastEventId: id },
        { kind: "gap", event: "gap", data: JSON.stringify(gap), ...gap, lastEventId: "" },
        { kind: "event", event: "message", data: "last", lastEventId: "" },
      ]);
      assert.deepEqual(sent, [undefined, undefined]);
    },
  );
}

test("the gap is told once, when the stream goes on", { timeout: 10_000 }, async () => {
  const { items, sent } = await resume("a\x01b", 2);
  assert.deepEqual(items.map(({ kind }) => kind), ["event", "gap", "event"]);
  assert.equal(sent.length, 4);
});

for (const id of ["a b", "a\tb", "é", "à", "日本", "\u0085x\u0085", "\xa0", "😀", "a\u2028b"]) {
  test(`${JSON.stringify(id)} comes back as it was sent`, { timeout: 10_000 }, async () => {
    const { items, sent } = await resume(id);
    assert.deepEqual(items.map(({ kind }) => kind), ["event", "event"]);
    // node:http gives a header's bytes as one character each.
    const bytes = Uint8Array.from(sent[1]!, (c) => c.charCodeAt(0));
    assert.equal(new TextDecoder().decode(bytes), id);
  });
}

test("an id to begin with that fits no header is a gap too", { timeout: 10_000 }, async () => {
  const server = await startServer((response) => void openStream(response).write("data: x\n\n"));
  for (const lastEventId of ["a\nb", "\0", "a\r\nx: y"]) {
    const kinds: string[] = [];
    const stream = connect(server.url, { lastEventId, retry: quick });
    for await (const { kind } of stream) if (kinds.push(kind) === 2) break;
    assert.deepEqual([kinds, stream.lastEventId], [["gap", "event"], ""]);
  }
  await server.kill();
  assert.deepEqual(server.requests.map(({ headers }) => headers["last-event-id"]), [
    undefined,
    undefined,
    undefined,
  ]);
});

test("a long id is sent, and what the server makes of it is final", { timeout: 10_000 }, async () => {
  // An engine takes some 100,000 arguments in one call.
  let sent = "";
  const id = "x".repeat(300_000);
  const stream = connect("http://127.0.0.1:9", {
    lastEventId: id,
    fetch: (_, { headers }) => {
      sent = (headers as Headers).get("last-event-id") ?? "";
      return Promise.resolve(new Response("", { status: 431 }));
    },
  });
  await assert.rejects(stream.closed, { code: "bad-status" });
  assert.equal(sent, id);
});
