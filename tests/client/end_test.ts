// Tests the end of a finished source: the server tells it by an event and an id that only it makes, and there is no second
// request, in every tab. And what a stream says about its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, parseSSE } from "../../lib/client/mod.ts";
import { connectShared } from "../../lib/client/shared.ts";
import { events, openStream, refuse, startServer } from "../support/client_server.ts";
import { sleep, until, within } from "../support/wait.ts";

const quick = { base: 5, max: 20 };
const END = "event: tidings-end\nid: tidings-end\ndata:\n\n";
const sse = { headers: { "content-type": "text/event-stream" } };
const shares = "locks" in (globalThis.navigator ?? {}) && "BroadcastChannel" in globalThis;

test("the end is the end: no second request, a loop that ends, a reason", { timeout: 10_000 }, async () => {
  for (const staysOpen of [false, true]) {
    const server = await startServer((response) => {
      openStream(response).write(events(1, 2) + END);
      if (!staysOpen) response.end();
    });
    const stream = connect(server.url, { retry: quick });
    const states: unknown[] = [];
    const handled: string[] = [];
    stream.onstate = (state, { reason }) => states.push(state, reason);
    stream.on("tidings-end", () => handled.push("end"));
    stream.on((item) => handled.push(item.lastEventId));
    const looped: string[] = [];
    for await (const item of stream) looped.push(item.lastEventId);
    assert.equal(await stream.closed, "end");
    assert.deepEqual([handled, looped], [["1", "2"], ["1", "2"]]);
    assert.deepEqual(states, ["connecting", undefined, "open", undefined, "closed", "end"]);
    assert.equal(stream.lastEventId, "tidings-end", "for a later page, which is told of the end at once");
    await until(() => server.streams() === 0, "the client to leave");
    await sleep(50); // longer than the wait for the next attempt
    assert.equal(server.requests.length, 1);
    await server.kill();
  }
});

test("what came before the end is handed out first, however slowly", { timeout: 10_000 }, async () => {
  const server = await startServer((response) => void openStream(response).end(events(1, 3) + END));
  const stream = connect(server.url, { retry: quick });
  const done: string[] = [];
  stream.on(async ({ lastEventId }) => {
    await sleep(10);
    done.push(lastEventId);
  });
  assert.equal(await stream.closed, "end");
  assert.deepEqual(done, ["1", "2", "3"]);
  await server.kill();
});

test("who comes back after the end is told of it, without an error", { timeout: 10_000 }, async () => {
  const server = await startServer((response, seen) => {
    if (seen.headers["last-event-id"] === "tidings-end") refuse(response, 204);
    else openStream(response).write("data: anew\n\n");
  });
  const stream = connect(server.url, { retry: quick, lastEventId: "tidings-end" });
  for await (const _ of stream) assert.fail("there is nothing more");
  assert.equal(await stream.closed, "end");
  assert.equal(server.requests.length, 1);
  await server.kill();
});

test("closed says whether the server or the application ended it", { timeout: 10_000 }, async () => {
  const fetch = () => Promise.resolve(new Response("data: x\n\n", sse));
  const url = "http://127.0.0.1:9/events";
  const posted = connect(url, { method: "POST", fetch });
  posted.on(() => {});
  assert.equal(await posted.closed, "end");
  const left = connect(url, { fetch });
  for await (const _ of left) break;
  assert.equal(await left.closed, "close");
  const aborted = connect(url, { fetch, signal: AbortSignal.abort() });
  assert.equal(await aborted.closed, "close");
});

test("an event of that name with data is an event like any other", { timeout: 10_000 }, async () => {
  const seen: string[] = [];
  const text = "event: tidings-end\ndata: x\n\nevent: tidings-cursor\ndata: y\n\ndata:\n\n";
  for await (const { event, data } of parseSSE(new Response(text, sse))) seen.push(`${event} ${data}`);
  assert.deepEqual(seen, ["tidings-end x", "tidings-cursor y", "message "]);
});

test("parseSSE ends at the end, and yields neither it nor a cursor", { timeout: 10_000 }, async () => {
  const text = `id: c\nevent: tidings-cursor\ndata:\n\n${events(1, 1)}${END}`;
  const ids: string[] = [];
  let cancelled = false;
  const body = new ReadableStream<string>({
    start: (controller) => controller.enqueue(text),
    cancel: () => void (cancelled = true),
  });
  for await (const { lastEventId } of parseSSE(body)) ids.push(lastEventId);
  assert.deepEqual([ids, cancelled], [["1"], true]);
});

test(`streams that ${shares ? "share" : "do not share"} end together`, { timeout: 20_000 }, async () => {
  const server = await startServer((response) => {
    openStream(response);
    // Late enough for both to be there.
    setTimeout(() => response.end(events(1, 3) + END), 300);
  });
  const name = `test ${Math.random()}`;
  const seen: string[][] = [[], []];
  const streams = [0, 1].map((n) => {
    const stream = connectShared(server.url, { name, retry: quick });
    stream.on(async (item) => {
      // Slower than the lock, which must not go to one who has the end still before it.
      await sleep(30);
      seen[n]!.push(item.lastEventId);
    });
    return stream;
  });
  assert.deepEqual(await within(Promise.all(streams.map(({ closed }) => closed)), "both to end"), [
    "end",
    "end",
  ]);
  assert.deepEqual(seen, [["1", "2", "3"], ["1", "2", "3"]]);
  await sleep(50);
  assert.equal(server.requests.length, shares ? 1 : 2);
  await server.kill();
});
