// Checks every kind of source of a resumable stream, how it is told of the end, and how a slow store holds it back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type ResumableOptions,
  ResumableStreams,
  type Work,
  type WorkSource,
} from "../../lib/resumable/mod.ts";
import { createSSEResponse } from "../../mod.ts";
import { connect } from "../../lib/client/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { StreamStore } from "../../lib/store/store.ts";
import { errorsPrinted, sleep, until, within } from "../support/wait.ts";

/** Runs a source to its end, and gives what readers get and the operator is told. */
async function outcome(source: WorkSource, options: ResumableOptions = {}) {
  const told: unknown[] = [];
  const streams = new ResumableStreams({ onError: (error) => void told.push(error), ...options });
  try {
    const { done } = await streams.start("id", source);
    const { state, events } = await within(done, "the end");
    const seen: string[] = [];
    for await (const { event, data, sourceId } of streams.read("id")) {
      if (event !== "end") seen.push(sourceId === "" ? `${event} ${data}` : `${event} ${data} (${sourceId})`);
    }
    return { state, events, seen, told };
  } finally {
    await streams.close();
  }
}

const textStream = (...chunks: (string | Uint8Array)[]) => {
  const rest = [...chunks];
  return new ReadableStream<string | Uint8Array>({
    pull(controller) {
      const next = rest.shift();
      if (next === undefined) controller.close();
      else controller.enqueue(next);
    },
  }) as ReadableStream<string>;
};

const utf8 = new TextEncoder();

test("iterables, generators, callbacks and streams of events", async () => {
  const expected = { state: "complete", events: 2, seen: ["message 1", "b 2"], told: [] };
  const events = ["1", { event: "b", data: 2 }];
  assert.deepEqual(await outcome(events), expected);
  assert.deepEqual(await outcome(() => events), expected);
  assert.deepEqual(await outcome(() => Promise.resolve(events)), expected);
  assert.deepEqual(
    await outcome(function* () {
      yield* events;
    }),
    expected,
  );
  assert.deepEqual(
    await outcome(async function* () {
      yield* events;
    }),
    expected,
  );
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue({ data: "1" });
      controller.enqueue(events[1]);
      controller.close();
    },
  });
  assert.deepEqual(await outcome(stream), expected);
  let cleanedUp = 0;
  const callback = async (work: Work) => {
    assert.equal(work.id, "id");
    for (const event of events) assert.ok(work.send(event));
    assert.ok(await work.ready());
    setTimeout(() => work.close(), 1);
    return () => void cleanedUp++;
  };
  assert.deepEqual(await outcome(callback), expected);
  assert.equal(cleanedUp, 1);
  assert.deepEqual(await outcome((work) => void (events.forEach(work.send), work.close())), expected);
});

test("the text and the bytes of an event stream, however they are cut, with the ids of their server", async () => {
  const text = ": hi\n\nid: a\ndata: 1\n\nevent: b\r\ndata: 二\r\ndata: zwei\r\n\r\nid: c\rdata: 3\r\r";
  const expected = {
    state: "complete",
    events: 3,
    seen: ["message 1 (a)", "b 二\nzwei (a)", "message 3 (c)"],
    told: [],
  };
  const bytes = utf8.encode(text);
  for (const size of [1, 2, 5, 1_000]) {
    const texts = Array.from(
      { length: Math.ceil(text.length / size) },
      (_, i) => text.slice(i * size, (i + 1) * size),
    );
    assert.deepEqual(await outcome(textStream(...texts)), expected, `text by ${size}`);
    const chunks = Array.from(
      { length: Math.ceil(bytes.length / size) },
      (_, i) => bytes.slice(i * size, (i + 1) * size),
    );
    assert.deepEqual(await outcome(textStream(...chunks)), expected, `bytes by ${size}`);
  }
  const response = () => new Response(text, { headers: { "content-type": "text/event-stream" } });
  assert.deepEqual(await outcome(response()), expected);
  assert.deepEqual(await outcome(() => response()), expected);
});

test("another tidings' stream goes through whole, less what it sends for itself", async () => {
  const upstream = createSSEResponse(new Request("http://localhost/"), [{ id: "7", data: "1" }, {
    event: "gap",
    data: "x",
  }]);
  const { seen, told } = await outcome(upstream);
  assert.deepEqual(seen, ["message 1 (7)", "gap x (7)"]);
  assert.deepEqual(told, []);
});

test("a source that is of no use ends the stream as failed, and the operator is told what to do", async () => {
  const cases: [WorkSource, RegExp][] = [
    [textStream("Hello", " world"), /pass an async iterable instead/],
    [textStream("data: 1\n\ndata: cut o"), /ends in the middle of an event/],
    [new Response("no", { status: 500 }), /answered 500/],
    [new Response("{}", { headers: { "content-type": "application/json" } }), /application\/json/],
    [() => 5 as never, /Option "source" must be an iterable/],
    [[{ dta: 1 } as never], /did you mean "data"/],
    [[{ event: "end", data: 1 }], /set the option "end"/],
    [[{ event: "gap", data: 1 }], /must not be a name that the stream itself uses/],
    [textStream("event: end\ndata: x\n\n"), /set the option "end"/],
    [(work) => void work.send({ event: "two\nlines" }), /line break/],
  ];
  for (const [source, message] of cases) {
    const { state, told } = await outcome(source);
    assert.equal(state, "failed", String(message));
    assert.equal(told.length, 1);
    assert.match((told[0] as Error).message, message);
  }
});

test("the name of the end can be another, or none", async () => {
  const named = new ResumableStreams({ end: "done" });
  await (await named.start("id", [{ event: "end", data: "of a story" }])).done;
  const response = await named.subscribe(new Request("http://localhost/"), "id");
  assert.match(
    await response.text(),
    /event: end\ndata: of a story\n\nid: [^\n]+-2\nevent: done\ndata: \{"state":"complete"/,
  );
  await named.close();
  const none = new ResumableStreams({ end: false });
  await (await none.start("id", ["1"])).done;
  const bare = await (await none.subscribe(new Request("http://localhost/"), "id")).text();
  assert.match(bare, /^:\n\nid: [^\n]+-1\ndata: 1\n\n$/);
  const [, id] = /id: (\S+)/.exec(bare)!;
  const again = new Request("http://localhost/", { headers: { "last-event-id": id! } });
  assert.equal((await none.subscribe(again, "id")).status, 204);
  await none.close();
});

test("a source is told when the stream is stopped, also one that waits, and its clean-up runs", async () => {
  const streams = new ResumableStreams();
  const ended: string[] = [];
  const cancelled = new ReadableStream({
    cancel() {
      ended.push("stream");
    },
  });
  await streams.start("stream", cancelled);
  await streams.start("generator", async function* ({ signal }) {
    try {
      yield "1";
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    } finally {
      ended.push("generator");
    }
  });
  await streams.start("callback", () => () => void ended.push("callback"));
  await streams.start("abort error", async ({ signal }) => {
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  });
  const printed = await errorsPrinted(async () => {
    for (const id of ["stream", "generator", "callback", "abort error"]) {
      assert.equal((await streams.stop(id))?.state, "stopped");
    }
    await until(() => ended.length === 3, "all have ended");
  });
  assert.deepEqual(ended.sort(), ["callback", "generator", "stream"]);
  assert.deepEqual(printed, []);
  await streams.close();
});

/** A store whose appends take as long as they are told to. */
function slowStore(): { store: StreamStore; go(): void; appends: number[] } {
  const store = memoryStore();
  const appends: number[] = [];
  let waiting: (() => void)[] = [];
  const slow = Object.create(store, {
    append: {
      value: async (...args: Parameters<StreamStore["append"]>) => {
        if (args[1].frames.length > 0) {
          appends.push(args[1].frames.length);
          await new Promise<void>((resolve) => waiting.push(resolve));
        }
        return await store.append(...args);
      },
    },
  }) as StreamStore;
  for (const name of ["create", "end", "claim", "overdue", "read", "watch", "own", "close"] as const) {
    Object.defineProperty(slow, name, { value: (store[name] as () => unknown).bind(store) });
  }
  return {
    store: slow,
    appends,
    go() {
      const all = waiting;
      waiting = [];
      for (const resolve of all) resolve();
    },
  };
}

test("tokens that arrive together are appended together, one append at a time", async () => {
  const { store, go, appends } = slowStore();
  const streams = new ResumableStreams({ store });
  const job = await streams.open("id");
  const stored = ["1", "2", "3"].map((data) => job.append(data));
  await until(() => appends.length === 1, "the first append");
  const more = Array.from({ length: 50 }, (_, i) => job.append(`${i}`));
  for (let i = 0; i < 20; i++) await nextTurn();
  assert.deepEqual(appends, [3], "the next waits for its answer");
  go();
  assert.deepEqual((await Promise.all(stored)).map((id) => id.split("-")[1]), ["1", "2", "3"]);
  await until(() => appends.length === 2, "the second append");
  go();
  await Promise.all(more);
  assert.deepEqual(appends, [3, 50]);
  await job.end();
  await streams.close();
});

test("what a source gives at once goes together, whatever kind of source it is", async () => {
  const tokens = Array.from({ length: 10 }, (_, i) => `${i}`);
  const frames = tokens.map((data) => `data: ${data}\n\n`);
  const at = <T>(pieces: readonly T[]) =>
    new ReadableStream<T>({
      async pull(controller) {
        await nextTurn();
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    }, { highWaterMark: 0 });
  const sources: Record<string, WorkSource> = {
    "pieces of text": at(frames),
    "one piece of text": at([frames.join("")]),
    bytes: at(frames.map((frame) => utf8.encode(frame))),
    "bytes that were decoded": at(frames.map((frame) => utf8.encode(frame))).pipeThrough(
      new TextDecoderStream() as TransformStream<Uint8Array, string>,
    ),
    "a copy": at(frames).tee()[0],
    events: at(tokens.map((data) => ({ data }))),
    async *generator() {
      await nextTurn();
      yield* tokens;
    },
    async function({ send, close }: Work) {
      await nextTurn();
      for (const token of tokens) {
        send(token);
        await undefined;
      }
      close();
    },
  };
  for (const [name, source] of Object.entries(sources)) {
    const { store, go, appends } = slowStore();
    const streams = new ResumableStreams({ store });
    const { done } = await streams.start("id", source);
    const going = setInterval(go, 1);
    assert.equal((await within(done, "the end")).events, 10);
    clearInterval(going);
    assert.deepEqual(appends, [10], name);
    await streams.close();
  }
});

test("of a long stream the oldest events are forgotten, in steps of a sixty-fourth of the limit", async () => {
  const store = memoryStore();
  const streams = new ResumableStreams({ store, limits: { events: 640 } });
  const job = await streams.open("id");
  for (let i = 1; i <= 2_000; i++) {
    await job.append(`${i}`);
    const { first } = (await store.read("id", Infinity, 1))!.head;
    const kept = i + 1 - first;
    assert.ok(kept <= 640 && kept > Math.min(i - 1, 640 - 2 * 10), `${kept} of ${i} are kept`);
  }
  await job.end();
  await streams.close();
});

test("a slow store holds a source back, within a bound in bytes", async () => {
  const { store, go, appends } = slowStore();
  const streams = new ResumableStreams({ store });
  let made = 0;
  const { done } = await streams.start("id", async function* () {
    for (; made < 1_000; made++) yield "x".repeat(1_000);
  });
  await until(() => appends.length === 1, "the first append");
  await sleep(20);
  assert.ok(made > 60 && made < 80, `${made} kB were made while the store did not answer`);
  const going = setInterval(go, 1);
  assert.equal((await within(done, "the end")).events, 1_000);
  clearInterval(going);
  assert.ok(appends.length < 100, `${appends.length} appends`);
  await streams.close();
});

test("who does not wait for the store is stopped at the limit: append() throws, send() fails the stream", async () => {
  const { store, go } = slowStore();
  const told: unknown[] = [];
  const streams = new ResumableStreams({
    store,
    limits: { pending: 10_000 },
    onError: (error) => void told.push(error),
  });
  const job = await streams.open("job");
  for (let i = 0; i < 9; i++) void job.append("x".repeat(1_000));
  assert.throws(() => job.append("x".repeat(1_000)), { code: "stream-behind" });
  const sent: boolean[] = [];
  const { done } = await streams.start("callback", ({ send }) => {
    for (let i = 0; i < 12; i++) sent.push(send("x".repeat(1_000)));
  });
  assert.deepEqual(sent, [...Array(9).fill(true), false, false, false]);
  assert.equal((told[0] as { code: string }).code, "stream-behind");
  const going = setInterval(go, 1);
  assert.equal((await within(done, "the end")).state, "failed");
  await job.end();
  clearInterval(going);
  await streams.close();
});

test("an append that nobody waits for does not end the process when the stream is stopped", async () => {
  const streams = new ResumableStreams();
  const job = await streams.open("id");
  await streams.stop("id");
  void job.append("late");
  await job.done;
  void job.append("later");
  await sleep(5);
  await assert.rejects(job.append("latest"), { code: "stream-ended" });
  assert.equal((await streams.status("id"))?.events, 0);
  await streams.close();
});

test("limits and options: refused by name, with what to do", async () => {
  const streams = new ResumableStreams({ limits: { running: 2, bytes: 1_000 } });
  const open = new AbortController();
  const wait = () => new Promise<void>((resolve) => open.signal.addEventListener("abort", () => resolve()));
  await streams.start("1", wait);
  const job = await streams.open("2");
  await assert.rejects(streams.start("3", []), { code: "stream-limit" });
  assert.throws(() => job.append("x".repeat(2_000)), { code: "invalid-event" });
  await job.end();
  await (await streams.start("3", ["1"])).done;
  await assert.rejects(streams.start("", []), /1 to 200 characters/);
  await assert.rejects(streams.start("a\nb", []), /control characters/);
  await assert.rejects(
    streams.start((() => []) as never, []),
    /received a function: write start\(id, source\)$/,
  );
  await assert.rejects(
    streams.subscribe("4" as never, new Request("http://localhost/") as never),
    /received \[object Request\]: write subscribe\(request, id\)$/,
  );
  await assert.rejects(streams.start("4", "text" as never), /Option "source"/);
  await assert.rejects(streams.start("4", [], { iftaken: "join" } as never), /did you mean "ifTaken"/);
  await assert.rejects(streams.start("4", [], { ifTaken: "replace" as never }), /"refuse" or "join"/);
  const request = new Request("http://localhost/");
  await assert.rejects(
    streams.subscribe(request, "3", { unkown: () => new Response() } as never),
    /did you mean "unknown"/,
  );
  await assert.rejects(streams.subscribe(undefined as never, "3"), /must be the Request/);
  await assert.rejects(streams.read("3", { afer: "x" } as never).next(), /did you mean "after"/);
  for (
    const [options, message] of [
      [{ keeep: 1 }, /did you mean "keep"/],
      [{ store: {} }, /Option "store" must be a store/],
      [{ lease: 10 }, /at least 1000/],
      [{ patience: 0 }, /at least 1/],
      [{ end: "gap" }, /Option "end"/],
      [{ limits: { event: 1 } }, /did you mean "events"/],
      [{ onLost: true }, /Option "onLost" must be a function/],
    ] as const
  ) assert.throws(() => new ResumableStreams(options as never), message);
  open.abort();
  await streams.close();
});

test("an object that is closed holds no timer and no stream", async () => {
  const streams = new ResumableStreams({ patience: Infinity });
  const { done } = await streams.start("id", async function* () {
    yield "1";
    await new Promise(() => {});
  });
  const response = await streams.subscribe(new Request("http://localhost/"), "id");
  const text = response.text();
  await streams.close();
  assert.equal((await done).state, "lost");
  assert.match(await within(text, "the response ends"), /data: 1/);
  await assert.rejects(streams.status("id"), { code: "closed" });
});

test("connect() takes the end for the end: no error, and no second request", async () => {
  const streams = new ResumableStreams();
  await (await streams.start("id", ["1", "2"])).done;
  let requests = 0;
  const fetch = ((input: string, init: RequestInit) => {
    requests++;
    return streams.subscribe(new Request(input, init), "id");
  }) as typeof globalThis.fetch;
  const seen: string[] = [];
  for await (const item of connect("http://localhost/", { fetch })) {
    if ("data" in item) seen.push(`${item.event} ${item.data}`);
  }
  assert.deepEqual(seen, ["message 1", "message 2", 'end {"state":"complete","events":2}']);
  assert.equal(requests, 1);
  const again = new Request("http://localhost/", { headers: { "last-event-id": "tidings-end" } });
  assert.equal(
    (await streams.subscribe(again, "id")).status,
    204,
    "an EventSource that brings it is told to stop",
  );
  await streams.close();
});

test("a source that can wait waits, however small the limit and however large the event", async () => {
  for (
    const [limits, sizes] of [
      [{ pending: 10_000 }, Array<number>(50).fill(4_000)],
      [{}, [...Array<number>(10).fill(6_000), 1_040_000, 1_040_000]],
    ] as const
  ) {
    const { store, go } = slowStore();
    const told: unknown[] = [];
    const streams = new ResumableStreams({ store, limits, onError: (error) => void told.push(error) });
    const { done } = await streams.start("id", async function* () {
      for (const size of sizes) yield "x".repeat(size);
    });
    const going = setInterval(go, 1);
    const { state, events } = await within(done, "the end");
    clearInterval(going);
    assert.deepEqual(told, []);
    assert.deepEqual([state, events], ["complete", sizes.length]);
    await streams.close();
  }
});

test("an end with an id of its own is refused, to the operator, and the response ends all the same", async () => {
  const told: unknown[] = [];
  const streams = new ResumableStreams({
    end: () => ({ id: 7, data: "over" }),
    onError: (error) => void told.push(error),
  });
  await (await streams.start("id", ["1"])).done;
  const text = await (await streams.subscribe(new Request("http://localhost/"), "id")).text();
  assert.match(text, /data: 1\n\n$/);
  assert.match(
    (told[0] as Error).message,
    /must have no id, for its place in the stream is its id, received 7/,
  );
  await streams.close();
});
