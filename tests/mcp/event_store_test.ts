/** Tests what the event store of an MCP session promises, against the interface that the SDK calls. */

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { eventStore, type EventStoreOptions, resume } from "../../lib/mcp/mod.ts";
import { memoryStore, type ResumableOptions, ResumableStreams } from "../../lib/resumable/mod.ts";
import type { StreamStore } from "../../lib/store/store.ts";
import { replayWhileStoring } from "../support/mcp_replay.ts";
import { MemoryClient } from "../support/memory_client.ts";
import { sleep, until, within } from "../support/wait.ts";

const progress = (n: number) => ({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken: 1, progress: n },
});
const result = (id: number) => ({ jsonrpc: "2.0", id, result: { content: [] } });
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Processes that share one store. Closes what it made. */
async function withProcesses(
  run: (process: (options?: ResumableOptions) => ResumableStreams) => Promise<void>,
): Promise<void> {
  const store = memoryStore();
  const made: ResumableStreams[] = [];
  try {
    await run((options = {}) => {
      const shared: StreamStore = Object.assign(Object.create(store), { close() {} });
      for (
        const method of ["create", "append", "end", "claim", "overdue", "read", "watch", "own"] as const
      ) {
        // deno-lint-ignore no-explicit-any
        (shared as any)[method] = (store as any)[method].bind(store);
      }
      const streams = new ResumableStreams({ store: shared, ...options });
      made.push(streams);
      return streams;
    });
  } finally {
    await Promise.all(made.map((streams) => streams.close()));
    store.close();
  }
}

/** Waits until the condition, which has to be asked for, holds. */
async function eventually(holds: () => Promise<boolean>, what: string): Promise<void> {
  let isOver = false;
  try {
    await within(
      (async () => {
        while (!isOver && !await holds()) await sleep(2);
      })(),
      what,
    );
  } finally {
    isOver = true;
  }
}

/** Takes what a replay sends. */
class Sink {
  readonly ids: string[] = [];
  readonly messages: unknown[] = [];
  // deno-lint-ignore require-await -- the SDK's is asynchronous
  send = async (id: string, message: unknown): Promise<void> => {
    this.ids.push(id);
    this.messages.push(message);
  };
}

const resumption = (session: string | undefined, lastEventId: string, method = "GET") =>
  new Request("http://localhost/mcp", {
    method,
    headers: { "last-event-id": lastEventId, ...(session !== undefined && { "mcp-session-id": session }) },
  });

test("what was stored after an event is replayed, in order and without the priming event", () =>
  withProcesses(async (process) => {
    const streams = process();
    const events = eventStore(streams, { session: "s" });
    const ids = [await events.storeEvent("call", {})];
    for (const n of range(1, 5)) ids.push(await events.storeEvent("call", progress(n)));
    ids.push(await events.storeEvent("call", result(1)));
    assert.equal(new Set(ids).size, 7);
    for (const [index, id] of ids.entries()) {
      assert.match(id, /^[!-~]+$/);
      assert.equal(await events.getStreamIdForEventId(id), "call");
      const sink = new Sink();
      assert.equal(await events.replayEventsAfter(id, sink), "call");
      assert.deepEqual(sink.ids, ids.slice(index + 1));
      assert.deepEqual(
        sink.messages,
        [...range(1, 5).map(progress), result(1)].slice(index),
      );
    }
  }));

test("ids are unique across the streams of a session, and lead to their own", () =>
  withProcesses(async (process) => {
    const events = eventStore(process(), { session: "s" });
    const names = ["_GET_stream", randomUUID(), randomUUID(), "a/b", "a%2Fb", "ü"];
    const ids = await Promise.all(names.map((name) => events.storeEvent(name, progress(1))));
    assert.equal(new Set(ids).size, names.length);
    assert.deepEqual(await Promise.all(ids.map((id) => events.getStreamIdForEventId(id))), names);
  }));

test("an id of another session leads nowhere, nor does a forged one (GHSA-84j6-jc92-77jm)", () =>
  withProcesses(async (process) => {
    const streams = process();
    const [mine, theirs] = [
      eventStore(streams, { session: "mine" }),
      eventStore(streams, { session: "theirs" }),
    ];
    // As the SDK names it in every session.
    const stream = "_GET_stream";
    const stolen = await theirs.storeEvent(stream, progress(1));
    await theirs.storeEvent(stream, { jsonrpc: "2.0", method: "secret" });
    const own = await mine.storeEvent(stream, progress(1));
    await mine.storeEvent(stream, progress(2));
    const [epoch] = own.split("-");
    const forged = [
      stolen,
      "",
      ".",
      "1",
      stream,
      own.slice(0, -1),
      `${own}x`,
      `${own}/..`,
      `${epoch}-3.${stream}`,
      `${epoch}-01.${stream}`,
      `${epoch}--1.${stream}`,
      `${epoch}-1.${stream}%`,
      `${epoch}-1.%5FGET_stream`,
      `${epoch}-1.theirs/${stream}`,
      `${epoch}-1.${encodeURIComponent(`../theirs/${stream}`)}`,
      `${stolen.split("-")[0]}-0.${stream}`,
      `${own}${"x".repeat(10_000)}`,
    ];
    for (const id of forged) {
      assert.equal(await mine.getStreamIdForEventId(id), undefined, id);
      const sink = new Sink();
      await assert.rejects(mine.replayEventsAfter(id, sink), { code: "stream-cursor" });
      assert.deepEqual(sink.messages, []);
      if (id === "") continue;
      const response = (await resume(streams, resumption("mine", id)))!;
      assert.equal(response.status, 400, id);
      assert.doesNotMatch(await response.text(), /secret/);
    }
    assert.equal((await resume(streams, resumption("theirs", own)))!.status, 400);
    assert.equal((await resume(streams, resumption("nobody's", own)))!.status, 400);
    assert.equal((await resume(streams, resumption("x".repeat(151), own)))!.status, 404);
    assert.equal((await resume(streams, resumption(undefined, own)))!.status, 400);
    // Sessions whose ids look like part of another's name.
    const near = eventStore(streams, { session: "mine/_GET_stream" });
    assert.equal(await near.getStreamIdForEventId(own), undefined);
  }));

test("messages that are stored at once keep their order, and a slow store refuses none", () =>
  withProcesses(async (process) => {
    const events = eventStore(process({ limits: { pending: 2_000 } }), { session: "s" });
    const first = await events.storeEvent("call", {});
    const order: number[] = [];
    const ids = await Promise.all(
      range(1, 100).map(async (n) => {
        const id = await events.storeEvent("call", { ...progress(n), padding: "x".repeat(200) });
        order.push(n);
        return id;
      }),
    );
    assert.deepEqual(order, range(1, 100));
    const sink = new Sink();
    await events.replayEventsAfter(first, sink);
    assert.deepEqual(sink.ids, ids);
    // One message that is larger than what may wait.
    await events.storeEvent("call", { jsonrpc: "2.0", id: 1, result: "x".repeat(10_000) });
  }));

test("a call's stream ends with its response, is kept for a while and then forgotten", () =>
  withProcesses(async (process) => {
    const streams = process({ keep: 300 });
    const events = eventStore(streams, { session: "s" });
    const first = await events.storeEvent("call", {});
    const standalone = await events.storeEvent("_GET_stream", progress(1));
    await events.storeEvent("call", result(1));
    const state = async () => (await streams.status("mcp/s/call"))?.state;
    await eventually(async () => await state() === "complete", "it ends");
    assert.equal(await events.getStreamIdForEventId(first), "call");
    await eventually(async () => await state() === undefined, "it is forgotten");
    assert.equal(await events.getStreamIdForEventId(first), undefined);
    assert.equal(await events.getStreamIdForEventId(standalone), "_GET_stream");
    await events.close();
    assert.equal((await streams.status("mcp/s/_GET_stream"))?.state, "stopped");
    await assert.rejects(events.storeEvent("call", progress(1)), { code: "closed" });
  }));

test("nobody needs to read it: the transport does not read from the store", () =>
  withProcesses(async (process) => {
    const streams = process({ patience: 1 });
    const events = eventStore(streams, { session: "s" });
    const first = await events.storeEvent("call", {});
    const other = await streams.open("other");
    assert.equal((await within(other.done, "one that is not ours ends")).state, "abandoned");
    await events.storeEvent("call", result(1));
    assert.equal(await events.getStreamIdForEventId(first), "call");
  }));

test("a stream that was ended by another begins anew: whoever is connected gets all", () =>
  withProcesses(async (process) => {
    const streams = process();
    const events = eventStore(streams, { session: "s" });
    const first = await events.storeEvent("call", {});
    await streams.stop("mcp/s/call");
    const stored = await Promise.all(range(1, 3).map((n) => events.storeEvent("call", progress(n))));
    assert.equal(await events.getStreamIdForEventId(first), undefined);
    // Two responses in one stream, as to a batch of calls.
    await events.storeEvent("call", result(1));
    const last = await events.storeEvent("call", result(2));
    assert.equal(await events.getStreamIdForEventId(last), "call");
    assert.equal(new Set(stored).size, 3);
  }));

test("a session may leave calls unanswered: past the limit that which was silent for longest ends", () =>
  withProcesses(async (process) => {
    const streams = process({ limits: { running: 3 } });
    const events = eventStore(streams, { session: "s", maxStreams: 2 });
    const a = await events.storeEvent("a", {});
    await events.storeEvent("b", {});
    await events.storeEvent("a", progress(1));
    for (const n of range(1, 10)) {
      await events.storeEvent(`c${n}`, {});
      await events.storeEvent("a", progress(n));
      const before = n === 1 ? "b" : `c${n - 1}`;
      const isStopped = async () => (await streams.status(`mcp/s/${before}`))?.state === "stopped";
      await eventually(isStopped, `${before} ends`);
    }
    const sink = new Sink();
    await events.replayEventsAfter(a, sink);
    assert.equal(sink.messages.length, 11);
  }));

test("what the process itself writes is replayed up to what the transport was told, and no further", () =>
  withProcesses((process) => replayWhileStoring(process(), 50)));

test("what another process writes is replayed, and goes on until the stream ends", () =>
  withProcesses(async (process) => {
    const writer = eventStore(process(), { session: "s" });
    const reader = eventStore(process(), { session: "s" });
    const ids = [await writer.storeEvent("call", {}), await writer.storeEvent("call", progress(1))];
    const [first, second] = [new Sink(), new Sink()];
    assert.equal(await reader.replayEventsAfter(ids[0]!, first), "call");
    assert.deepEqual(first.ids, [ids[1]]);
    ids.push(await writer.storeEvent("call", progress(2)));
    await until(() => first.ids.length === 2, "it goes on");
    // The client came back: the former connection gets nothing more.
    await reader.replayEventsAfter(ids[1]!, second);
    ids.push(await writer.storeEvent("call", progress(3)), await writer.storeEvent("call", result(1)));
    await until(() => second.ids.length === 3, "it goes on");
    assert.deepEqual(second.messages, [progress(2), progress(3), result(1)]);
    assert.deepEqual(second.ids, ids.slice(2));
    assert.equal(first.ids.length, 2);
    await reader.close();
  }));

test("a replay of what another process writes waits for a message, if there is none yet, or for the end", () =>
  withProcesses(async (process) => {
    const streams = process();
    const writer = eventStore(process(), { session: "s" });
    const reader = eventStore(streams, { session: "s" });
    const readers = async () => (await streams.status("mcp/s/call"))?.readers;
    const sink = new Sink();
    let from = await writer.storeEvent("call", {});
    for (const message of [progress(1), result(1)]) {
      const before = sink.ids.length;
      let isOver = false;
      const replaying = reader.replayEventsAfter(from, sink).finally(() => isOver = true);
      await eventually(async () => await readers() === 1, "it reads");
      // It read what there is, which is nothing.
      await sleep(20);
      assert.equal(isOver, false);
      from = await writer.storeEvent("call", message);
      await within(replaying, "it is over");
      assert.deepEqual(sink.messages.slice(before), [message]);
    }
    await within(reader.replayEventsAfter(from, sink), "what has ended is not waited for");
    assert.equal(sink.ids.length, 2);
    await reader.close();
  }));

test("resume() answers a client on any process: what it missed, what is new, and the end", () =>
  withProcesses(async (process) => {
    const [a, b] = [process(), process()];
    const writer = eventStore(a, { session: "s" });
    const ids = [await writer.storeEvent("call", {}), await writer.storeEvent("call", progress(1))];
    const clients: MemoryClient[] = [];
    for (const streams of [a, b]) {
      const response = (await resume(streams, resumption("s", ids[0]!), { retry: 500 }))!;
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), "text/event-stream");
      assert.equal(response.headers.get("mcp-session-id"), "s");
      clients.push(new MemoryClient(response));
    }
    for (const client of clients) await client.until(() => client.events.length === 1, "what it missed");
    ids.push(await writer.storeEvent("call", progress(2)), await writer.storeEvent("call", result(1)));
    for (const client of clients) {
      await client.until(() => client.ended === "end", "the end");
      assert.deepEqual(client.events.map(({ id }) => id), ids.slice(1));
      assert.deepEqual(client.events.map(({ event }) => event), ["message", "message", "message"]);
      assert.deepEqual(client.events.map(({ data }) => JSON.parse(data)), [
        progress(1),
        progress(2),
        result(1),
      ]);
    }
    const all = (await resume(b, resumption("s", ids[3]!)))!;
    assert.equal(all.status, 204);
    assert.equal(await resume(b, resumption("s", ids[0]!, "POST")), undefined);
    assert.equal(await resume(b, new Request("http://localhost/mcp")), undefined);
  }));

test("resume() in a session by another name than its id, such as with the user's before it", () =>
  withProcesses(async (process) => {
    const streams = process();
    const events = eventStore(streams, { session: "anna:s" });
    const first = await events.storeEvent("call", {});
    await events.storeEvent("call", result(1));
    const by = (session: string | undefined) => resume(streams, resumption("s", first), { session });
    const response = (await by("anna:s"))!;
    assert.equal(response.headers.get("mcp-session-id"), "s");
    assert.match(await response.text(), /"result"/);
    for (const session of ["bert:s", "s", undefined]) assert.equal((await by(session))!.status, 400);
    await assert.rejects(by(""), { name: "TypeError", message: /"session"/ });
  }));

test("resume() says what is missing when a stream was trimmed", () =>
  withProcesses(async (process) => {
    const streams = process({ limits: { events: 5 } });
    const events = eventStore(streams, { session: "s" });
    const first = await events.storeEvent("call", {});
    for (const n of range(1, 20)) await events.storeEvent("call", progress(n));
    await events.storeEvent("call", result(1));
    const client = new MemoryClient((await resume(streams, resumption("s", first)))!);
    await client.until(() => client.ended === "end", "the end");
    assert.equal(client.events[0]!.event, "gap");
    assert.deepEqual(client.events.slice(1).map(({ data }) => JSON.parse(data)), [
      ...range(17, 20).map(progress),
      result(1),
    ]);
  }));

test("a message that cannot be stored is refused, and the next one is not", () =>
  withProcesses(async (process) => {
    const events = eventStore(process(), { session: "s" });
    await assert.rejects(events.storeEvent("call", "text" as unknown as object), TypeError);
    await assert.rejects(events.storeEvent("", progress(1)), TypeError);
    await assert.rejects(events.storeEvent("x".repeat(200), progress(1)), TypeError);
    await assert.rejects(events.storeEvent("\ud800", progress(1)), TypeError);
    await events.storeEvent("call", progress(1));
  }));

test("a stream that another process writes is taken, and the store says so", () =>
  withProcesses(async (process) => {
    const [a, b] = [eventStore(process(), { session: "s" }), eventStore(process(), { session: "s" })];
    await a.storeEvent("_GET_stream", progress(1));
    await assert.rejects(b.storeEvent("_GET_stream", progress(2)), { code: "stream-taken" });
    await a.close();
    await b.storeEvent("_GET_stream", progress(2));
  }));

test("options are checked by name and value", async () => {
  const streams = new ResumableStreams();
  const refused = (options: unknown, message: RegExp) =>
    assert.throws(() => eventStore(streams, options as EventStoreOptions), { name: "TypeError", message });
  refused({}, /"session" must be the session's id, .* received undefined/);
  refused({ session: "" }, /"session"/);
  refused({ session: "x".repeat(151) }, /pass a hash/);
  refused({ session: "ü".repeat(50) }, /"session"/);
  refused({ session: "\ud800" }, /"session"/);
  refused({ session: "s", maxStream: 1 }, /did you mean "maxStreams"/);
  refused({ session: "s", maxStreams: 0 }, /"maxStreams"/);
  assert.throws(() => eventStore(memoryStore() as unknown as ResumableStreams, { session: "s" }), {
    name: "TypeError",
    message: /"streams" must be a ResumableStreams/,
  });
  await assert.rejects(resume(streams, resumption("s", "x"), { retries: 1 } as object), /"retr/);
  await streams.close();
});

test("closing ends a replay that goes on", () =>
  withProcesses(async (process) => {
    const writer = eventStore(process(), { session: "s" });
    const streams = process();
    const reader = eventStore(streams, { session: "s" });
    const first = await writer.storeEvent("call", {});
    const sink = new Sink();
    const replaying = reader.replayEventsAfter(first, sink);
    const readers = async () => (await streams.status("mcp/s/call"))?.readers;
    await eventually(async () => await readers() === 1, "it reads");
    await reader.close();
    assert.equal(await within(replaying, "it is over"), "call");
    await eventually(async () => await readers() === 0, "nobody reads any more");
    await writer.storeEvent("call", progress(1));
    assert.deepEqual(sink.ids, []);
  }));
