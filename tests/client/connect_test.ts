// Tests connect() as its user sees it: options, iteration, handlers, the queue, typed data, states, time, and what is
// left behind.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  connect,
  type ConnectOptions,
  type StandardSchema,
  type StreamItem,
  TidingsError,
} from "../../lib/client/mod.ts";
import { events, openStream, refuse, resumeAt, startServer } from "../support/client_server.ts";
import { type TurnedClock, turnedClock } from "../support/turned_clock.ts";
import { runtime } from "../support/runtime.ts";
import { sleep, until, within } from "../support/wait.ts";

/** Lets time pass, after what is under way got to set its timers, and before what the time brings is over. */
async function pass(clock: TurnedClock, milliseconds: number): Promise<void> {
  await sleep(5);
  clock.pass(milliseconds);
  await sleep(5);
}

const quick = { base: 20, max: 60 };
const sse = { headers: { "content-type": "text/event-stream" } };

/** A fetch that answers with these texts, one a call, and after them with a stream that stays open. */
function fetchOf(...texts: string[]): { fetch: NonNullable<ConnectOptions["fetch"]>; calls: RequestInit[] } {
  const calls: RequestInit[] = [];
  const fetch = (_: string, init: RequestInit): Promise<Response> => {
    const text = texts[calls.length];
    calls.push(init);
    if (text !== undefined) return Promise.resolve(new Response(text, sse));
    const body = new ReadableStream({
      start: (controller) =>
        init.signal?.addEventListener("abort", () => controller.error(init.signal?.reason)),
    });
    return Promise.resolve(new Response(body, sse));
  };
  return { fetch, calls };
}

const url = "http://127.0.0.1:9/events";

// --- options ---

test("a wrong option is refused at once, named and with the value", () => {
  const wrong: [options: object, message: RegExp][] = [
    [{ retry: { base: 0 } }, /^retry\.base must be a positive number, received 0$/],
    [{ retry: { max: "9" } }, /^retry\.max must be a positive number, received "9"$/],
    [{ retry: { max: NaN } }, /^retry\.max .* NaN$/],
    [{ retry: { attempts: -1 } }, /^retry\.attempts must be .* received -1$/],
    [{ retry: { attempts: 0 } }, /^retry\.attempts must be .* received 0$/],
    [{ stallTimeout: 0 }, /^stallTimeout .* 0$/],
    [{ maxEventSize: -5 }, /^maxEventSize .* -5$/],
    [{ fetch: "fetch" }, /^fetch must be a function, received fetch$/],
  ];
  // Bun's own Request makes a GET of it.
  if (runtime !== "bun") wrong.push([{ method: "NO GOOD" }, /[Mm]ethod/]);
  for (const [options, message] of wrong) {
    assert.throws(
      () => connect(url, options as ConnectOptions),
      { name: "TypeError", message },
      JSON.stringify(options),
    );
  }
  assert.throws(() => connect("http://"), { name: "TypeError", message: /http:\/\// });
});

test("where there is no page, a URL that is relative to one is refused, and says so", () => {
  for (const relative of ["/events", "events?from=1:2", "//host/events", ""]) {
    assert.throws(() => connect(relative), {
      name: "TypeError",
      message: `"${relative}" needs a page to be relative to`,
    });
  }
});

test("the request is as asked for", { timeout: 10_000 }, async () => {
  const { fetch, calls } = fetchOf("data: x\n\n");
  const options = {
    fetch,
    lastEventId: "5",
    credentials: "include" as const,
    method: "GET",
    headers: [["x-a", "b"]] as [string, string][],
  };
  for await (const _ of connect(url, options)) break;
  const { headers, method, credentials, cache, body } = calls[0]!;
  assert.deepEqual([...(headers as Headers)], [
    ["accept", "text/event-stream"],
    ["cache-control", "no-cache"],
    [
      "last-event-id",
      "5",
    ],
    ["x-a", "b"],
  ]);
  assert.deepEqual({ method, credentials, cache, body }, {
    method: "GET",
    credentials: "include",
    cache: "no-store",
    body: undefined,
  });
});

test(
  "headers given once or by a function are used at each attempt, and may set accept",
  { timeout: 10_000 },
  async () => {
    const { fetch, calls } = fetchOf("id: 1\n\n", "id\ndata: x\n\n", "data: y\n\n");
    let n = 0;
    const stream = connect(url, { fetch, retry: quick, headers: () => ({ n: String(n++), accept: "a/b" }) });
    for await (const item of stream) if ((item as { data: string }).data === "y") break;
    const sent = calls.map(({ headers }) =>
      ["n", "accept", "last-event-id"].map((name) => (headers as Headers).get(name))
    );
    // An id without an event counts, and an empty one takes it back.
    assert.deepEqual(sent, [["0", "a/b", null], ["1", "a/b", "1"], ["2", "a/b", null]]);
  },
);

// --- iteration, handlers, the queue ---

test("handlers get their events in order and are awaited, and all of it goes through one queue", {
  timeout: 10_000,
}, async () => {
  const { fetch } = fetchOf("event: a\ndata: 1\n\nevent: b\ndata: 2\n\ndata: 3\n\nevent: a\ndata: 4\n\n");
  const stream = connect(url, { fetch });
  const seen: string[] = [];
  stream.on("a", async ({ data }) => {
    seen.push(`a${data} begins`);
    await sleep(20);
    seen.push(`a${data} ends`);
  });
  stream.on((item) => seen.push(`any${(item as { data: string }).data}`));
  const off = stream.on("b", () => {
    seen.push("b");
    off();
  });
  stream.on("message", (event) => seen.push(`message${event.data}`));
  await until(() => seen.length === 10, "all events");
  assert.deepEqual(seen, [
    "a1 begins",
    "a1 ends",
    "any1",
    "any2",
    "b",
    "any3",
    "message3",
    "a4 begins",
    "a4 ends",
    "any4",
  ]);
  stream.close();
  await stream.closed;
});

test(
  "while somebody iterates the handlers see each item as the loop takes it",
  { timeout: 10_000 },
  async () => {
    const { fetch } = fetchOf(events(1, 4));
    const stream = connect(url, { fetch });
    const seen: string[] = [];
    stream.on((item) => seen.push(`handler ${item.lastEventId}`));
    for await (const item of stream) {
      seen.push(`loop ${item.lastEventId}`);
      if (item.lastEventId === "3") break;
    }
    await sleep(50);
    assert.deepEqual(seen, ["handler 1", "loop 1", "handler 2", "loop 2", "handler 3", "loop 3"]);
  },
);

test("what arrives before anybody listens waits", { timeout: 10_000 }, async () => {
  const stream = connect(url, { fetch: fetchOf(events(1, 3)).fetch, retry: false });
  await until(() => stream.state === "open", "the stream to open");
  await sleep(20);
  assert.deepEqual([stream.state, stream.lastEventId], ["open", ""]);
  const seen: string[] = [];
  stream.on(({ kind, lastEventId }) => seen.push(`${kind} ${lastEventId}`));
  assert.deepEqual(seen, [], "no handler is called before it is known how to remove it");
  await stream.closed;
  assert.deepEqual(seen, ["event 1", "event 2", "event 3"]);
});

test("once a handler has closed the stream the others are not called", { timeout: 10_000 }, async () => {
  const stream = connect(url, { fetch: fetchOf(events(1, 1)).fetch });
  const called: string[] = [];
  stream.on(() => {
    called.push("first");
    stream.close();
  });
  stream.on(() => called.push("second"));
  await stream.closed;
  await sleep(10);
  assert.deepEqual(called, ["first"]);
});

test("a handler that throws closes the stream with its error", { timeout: 10_000 }, async () => {
  const { fetch } = fetchOf(events(1, 2));
  const stream = connect(url, { fetch });
  const states: unknown[] = [];
  stream.onstate = (state, { error }) => states.push(state, error);
  const mine = new Error("mine");
  let calls = 0;
  stream.on(() => {
    calls++;
    throw mine;
  });
  await assert.rejects(stream.closed, mine);
  assert.deepEqual(states.slice(-2), ["closed", mine]);
  assert.equal(calls, 1);
  assert.equal(stream.lastEventId, "", "the event was not taken");
});

for (const at of ["connecting", "open", "waiting", "closed"]) {
  test(
    `an onstate that throws at "${at}" closes the stream with its error`,
    { timeout: 10_000 },
    async () => {
      const clock = turnedClock({ random: () => 1 });
      const { fetch, calls } = fetchOf("data: x\n\n");
      const stream = connect(url, { clock, fetch, ...(at === "closed" && { retry: false }) });
      stream.onstate = (state) => {
        if (state === at) throw new Error("mine");
      };
      stream.on(() => {});
      await assert.rejects(stream.closed, /mine/);
      assert.equal(stream.state, "closed");
      await sleep(20);
      assert.deepEqual([calls.length, clock.pending()], [at === "connecting" ? 0 : 1, 0], "nothing goes on");
    },
  );
}

test("two loops take each item, one after the other, and leaving one closes the stream", {
  timeout: 10_000,
}, async () => {
  const stream = connect(url, { fetch: fetchOf(events(1, 9)).fetch });
  const seen: string[] = [];
  const loop = async (name: string, last: string): Promise<void> => {
    for await (const { lastEventId } of stream) {
      seen.push(name + lastEventId);
      await sleep(5);
      if (lastEventId === last) break;
    }
    seen.push(`${name} ends`);
  };
  await Promise.all([loop("a", "9"), loop("b", "2")]);
  await stream.closed;
  assert.deepEqual(seen, ["a1", "b1", "a2", "b2", "b ends", "a ends"]);
  for await (const _ of stream) assert.fail("there is nothing to iterate any more");
});

test("a loop that begins while a handler is at work takes what comes next", { timeout: 10_000 }, async () => {
  const stream = connect(url, { fetch: fetchOf(events(1, 3)).fetch, retry: false });
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => begin = resolve);
  const handled: string[] = [];
  stream.on(async ({ lastEventId }) => {
    handled.push(lastEventId);
    begin();
    await sleep(20);
  });
  await begun;
  const looped: string[] = [];
  for await (const { lastEventId } of stream) looped.push(lastEventId);
  assert.deepEqual([handled, looped], [["1", "2", "3"], ["2", "3"]]);
});

test("calls of next() that overlap are answered in order", { timeout: 10_000 }, async () => {
  const stream = connect(url, { fetch: fetchOf(events(1, 3)).fetch, retry: false });
  const iterator = stream[Symbol.asyncIterator]();
  const results = await Promise.all([1, 2, 3, 4].map(() => iterator.next()));
  assert.deepEqual(results.map(({ done, value }) => done || value?.lastEventId), ["1", "2", "3", true]);
});

test("return() while next() is pending closes the stream and settles both", { timeout: 10_000 }, async () => {
  const server = await startServer((response) => void openStream(response).write(events(1, 1)));
  const clock = turnedClock();
  const stream = connect(server.url, { clock });
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  const pending = iterator.next();
  await within(iterator.return!(), "return() to settle");
  assert.deepEqual(await within(pending, "next() to settle"), { done: true, value: undefined });
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  await stream.closed;
  await until(() => server.streams() === 0, "the server to see the client leave");
  assert.deepEqual([stream.state, stream.lastEventId, clock.pending()], ["closed", "1", 0]);
  await server.kill();
});

test("no schema is asked once the stream was closed", { timeout: 10_000 }, async () => {
  const asked: unknown[] = [];
  const note: StandardSchema<unknown> = {
    "~standard": {
      validate: (value) => {
        asked.push(value);
        return { value };
      },
    },
  };
  const text = 'event: note\ndata: "1"\n\nevent: note\ndata: "2"\n\n';
  const stream = connect(url, { fetch: fetchOf(text).fetch, schemas: { note }, retry: false });
  stream.on("note", () => stream.close());
  await stream.closed;
  await sleep(5);
  assert.deepEqual(asked, ["1"]);
});

test("return() before the first next() closes the stream too", { timeout: 10_000 }, async () => {
  const stream = connect(url, { fetch: fetchOf(events(1, 3)).fetch });
  assert.deepEqual(await stream[Symbol.asyncIterator]().return!(), { done: true, value: undefined });
  assert.equal(stream.state, "closed");
});

test("reading pauses while the application does not, and goes on", { timeout: 20_000 }, async () => {
  const chunk = `data: ${"x".repeat(1000)}\n\n`.repeat(16);
  let written = 0;
  const server = await startServer((response) => {
    openStream(response);
    const more = (): void => {
      while (written < 2000 && response.write(chunk)) written++;
      if (written < 2000) response.once("drain", more);
    };
    more();
  });
  const clock = turnedClock();
  const stream = connect(server.url, { stallTimeout: 300, clock });
  const states: string[] = [];
  stream.onstate = (state) => states.push(state);
  const iterator = stream[Symbol.asyncIterator]();
  await iterator.next();
  let before = -1;
  for (let still = 0; still < 5;) {
    await sleep(100);
    still = written === before ? still + 1 : 0;
    before = written;
  }
  assert.ok(written < 1900, `the server is held up, at ${written} of 2000 chunks`);
  // A silence of our own making is no stall.
  clock.pass(10_000);
  await sleep(20);
  assert.deepEqual(states, ["connecting", "open"]);
  for (let n = 0; n < 20_000; n++) await iterator.next();
  assert.ok(written > before, "and goes on");
  assert.deepEqual([states, server.requests.length], [["connecting", "open"], 1], "on the same connection");
  stream.close();
  await server.kill();
});

test("a handler that is busy with the gap of an id that fits no header is no stall", {
  timeout: 10_000,
}, async () => {
  const clock = turnedClock();
  const { fetch, calls } = fetchOf();
  const stream = connect(url, { fetch, clock, stallTimeout: 300, lastEventId: "\x01" });
  let release!: () => void;
  const states: string[] = [];
  stream.onstate = (state) => states.push(state);
  let isBusy = false;
  stream.on("gap", () => {
    isBusy = true;
    return new Promise<void>((resolve) => release = resolve);
  });
  await until(() => isBusy, "the gap");
  await pass(clock, 1000);
  await pass(clock, 1000);
  release();
  await sleep(20);
  assert.deepEqual([states, calls.length], [["connecting", "open"], 1]);
  stream.close();
  await stream.closed;
});

test("while a loop's body runs one read is ahead, and the end of the connection is noticed", {
  timeout: 10_000,
}, async () => {
  const { fetch, calls } = fetchOf(events(1, 1), events(2, 9));
  const stream = connect(url, { fetch, retry: quick });
  const seen: string[] = [];
  for await (const { lastEventId } of stream) {
    seen.push(lastEventId);
    // The first connection is over, and the second has brought all that there is.
    if (lastEventId === "1") await until(() => calls.length === 2, "the stream to come back");
    await sleep(5);
    assert.equal(stream.lastEventId, lastEventId, "what is read ahead does not count");
    if (lastEventId === "9") break;
  }
  assert.deepEqual(seen, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  const asked = calls.map(({ headers }) => (headers as Headers).get("last-event-id"));
  assert.deepEqual(asked.slice(0, 2), [null, "1"]);
});

test("while a loop's body runs no more than one read is ahead", { timeout: 10_000 }, async () => {
  let reads = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      reads++;
      controller.enqueue(new TextEncoder().encode(events(reads, reads)));
    },
  }, { highWaterMark: 0 });
  const stream = connect(url, { fetch: () => Promise.resolve(new Response(body, sse)) });
  for await (const { lastEventId } of stream) {
    await sleep(20);
    assert.ok(reads <= Number(lastEventId) + 1, `${reads} reads for ${lastEventId} items`);
    if (lastEventId === "5") break;
  }
});

test("lastEventId is that of the last item handed out, and a later stream goes on from there", {
  timeout: 10_000,
}, async () => {
  const server = await startServer((response, seen) =>
    void openStream(response).write(events(resumeAt(seen), 9))
  );
  let lastEventId = "";
  const seen: string[] = [];
  for (const _ of [1, 2, 3]) {
    const stream = connect(server.url, { lastEventId });
    for await (const item of stream) {
      seen.push(item.lastEventId);
      if (seen.length % 3 === 0) break;
    }
    lastEventId = stream.lastEventId;
  }
  await server.kill();
  assert.deepEqual(seen, ["1", "2", "3", "4", "5", "6", "7", "8", "9"]);
  assert.equal(lastEventId, "9");
});

test(
  "a cursor sets the last event ID and is no event; an id without data does too",
  { timeout: 10_000 },
  async () => {
    const { fetch, calls } = fetchOf(
      "event: tidings-cursor\nid: c1\ndata:\n\n",
      "id: c2\n\n",
      "data: x\n\nid: c3\nevent: tidings-cursor\ndata:\n\nevent: tidings-cursor\ndata: no cursor\n\n",
    );
    const stream = connect(url, { fetch, retry: quick });
    const seen: unknown[] = [];
    for await (const item of stream) {
      seen.push([item.kind, (item as { data: string }).data, item.lastEventId, stream.lastEventId]);
      if (seen.length === 2) break;
    }
    // The id of the cursor counts once all before it has been taken; here "x" has.
    assert.deepEqual(seen, [["event", "x", "c2", "c2"], ["event", "no cursor", "c3", "c3"]]);
    assert.deepEqual(calls.map(({ headers }) => (headers as Headers).get("last-event-id")), [
      null,
      "c1",
      "c2",
    ]);
  },
);

test("an id that comes alone counts at once", { timeout: 10_000 }, async () => {
  const { fetch } = fetchOf("data: x\n\nid: alone\n\n");
  const stream = connect(url, { fetch, retry: false });
  stream.on(() => {});
  await stream.closed;
  assert.equal(stream.lastEventId, "alone");
});

test(
  "an id that comes alone and is that of the connection's begin counts too",
  { timeout: 10_000 },
  async () => {
    const { fetch } = fetchOf("id: x\ndata: x\n\nid: begin\n\n");
    const stream = connect(url, { fetch, retry: false, lastEventId: "begin" });
    const seen: string[] = [];
    stream.on(() => seen.push(stream.lastEventId));
    await stream.closed;
    assert.deepEqual([...seen, stream.lastEventId], ["begin", "begin"]);
  },
);

test("an event upon which the stream is closed does not count", { timeout: 10_000 }, async () => {
  const stream = connect(url, { fetch: fetchOf(events(1, 3)).fetch });
  stream.on(({ lastEventId }) => lastEventId === "2" && stream.close());
  await stream.closed;
  await sleep(10);
  assert.equal(stream.lastEventId, "1");
});

test("a last event ID may be null or a number, as a page keeps it", { timeout: 10_000 }, async () => {
  for (const [lastEventId, expected] of [[null, null], [undefined, null], ["", null], [7, "7"]] as const) {
    const { fetch, calls } = fetchOf("data: x\n\n");
    const stream = connect(url, { fetch, lastEventId: lastEventId as string });
    for await (const item of stream) {
      assert.deepEqual([item.lastEventId, stream.lastEventId], [expected ?? "", expected ?? ""]);
      break;
    }
    assert.equal((calls[0]!.headers as Headers).get("last-event-id"), expected);
  }
});

test("comments are handed out in order when asked for", { timeout: 10_000 }, async () => {
  const text = ": a\nid: 1\ndata: 1\n\n: b\n:c\nid: 2\n:  d\n\ndata: 2\n\n";
  const seen: string[] = [];
  for await (const item of connect(url, { fetch: fetchOf(text).fetch, comments: true, retry: false })) {
    seen.push(`${item.lastEventId} ${item.kind === "comment" ? item.comment : item.kind}`);
  }
  // An id counts once its block has ended.
  assert.deepEqual(seen, [" a", "1 event", "1 b", "1 c", "1  d", "2 event"]);
});

// --- typed data ---

const price: StandardSchema<{ amount: number }> = {
  "~standard": {
    validate: async (value) => {
      await Promise.resolve();
      const amount = (value as { amount?: unknown } | null)?.amount;
      return typeof amount === "number"
        ? { value: { amount: amount * 2 } }
        : { issues: [{ message: "amount is no number" }] };
    },
  },
};
const note: StandardSchema<string> = {
  "~standard": {
    validate: (value) => {
      if (value === "throw") throw new Error("thrown");
      return typeof value === "string" ? { value } : { issues: [{ message: "no string" }] };
    },
  },
};

test(
  "a schema gives typed data, and a bad payload is an error of that event alone",
  { timeout: 10_000 },
  async () => {
    const text = [
      'event: price\ndata: {"amount": 1}',
      'event: price\ndata: {"amount": "1"}',
      "event: price\ndata: {",
      "event: note\ndata: hello",
      "event: note\ndata: 12",
      "event: note\ndata: throw",
      "event: else\ndata: {}",
      "event: constructor\ndata: x",
      'event: price\ndata: {\ndata: "amount": 3}',
    ].map((block, n) => `id: ${n}\n${block}\n\n`).join("");
    const seen: unknown[] = [];
    const stream = connect(url, { fetch: fetchOf(text).fetch, schemas: { price, note }, retry: false });
    for await (const item of stream) {
      if (item.kind === "event" && item.event === "price") {
        const amount: number = item.data.amount;
        seen.push(amount);
      } else if (item.kind === "event") {
        const data: string = item.data;
        seen.push(data);
      } else if (item.kind === "invalid") {
        seen.push([item.event, item.data, ...item.issues.map(({ message }) => message)]);
      } else seen.push(item.kind === "other" ? `${item.kind} ${item.event}` : item);
    }
    assert.deepEqual(seen, [
      2,
      ["price", '{"amount": "1"}', "amount is no number"],
      ["price", "{", "amount is no number"],
      "hello",
      "12",
      ["note", "throw", "thrown"],
      "other else",
      "other constructor",
      6,
    ]);
    assert.equal(stream.lastEventId, "8");
  },
);

test("comments need no schema", { timeout: 10_000 }, async () => {
  const text = ': c\n\nevent: note\ndata: "x"\n\n';
  const { fetch } = fetchOf(text);
  const kinds: string[] = [];
  const stream = connect(url, { fetch, schemas: { note }, comments: true, retry: false });
  for await (const { kind } of stream) kinds.push(kind);
  assert.deepEqual(kinds, ["comment", "event"]);
});

test("handlers with schemas are typed by their name", { timeout: 10_000 }, async () => {
  const text = 'event: price\ndata: {"amount": 1}\n\nevent: price\ndata: x\n\nevent: other\ndata: y\n\n';
  const stream = connect(url, { fetch: fetchOf(text).fetch, schemas: { price, note }, retry: false });
  const seen: unknown[] = [];
  stream.on("price", (item) => {
    const shown: number | string = item.kind === "event" ? item.data.amount : item.data;
    seen.push(shown);
  });
  stream.on("other", (item) => seen.push(item.data.toUpperCase()));
  await stream.closed;
  assert.deepEqual(seen, [2, "x", "Y"]);
});

test("a gap is of its own kind, whatever it carries", { timeout: 10_000 }, async () => {
  const text =
    'id: 5\nevent: gap\ndata: {"requested":"1","resumedAt":"4","reason":"r"}\n\nevent: gap\ndata: what\n\n';
  const seen: StreamItem[] = [];
  const stream = connect(url, { fetch: fetchOf(text).fetch, retry: false });
  stream.on("gap", (gap) => seen.push(gap));
  await stream.closed;
  assert.deepEqual(seen, [
    {
      kind: "gap",
      event: "gap",
      data: '{"requested":"1","resumedAt":"4","reason":"r"}',
      requested: "1",
      resumedAt: "4",
      reason: "r",
      lastEventId: "5",
    },
    { kind: "gap", event: "gap", data: "what", lastEventId: "5" },
  ]);
});

// --- states and time ---

test("the wait doubles up to its maximum, by full jitter", { timeout: 10_000 }, async () => {
  const delays: (number | undefined)[] = [];
  for (
    const [chance, expected] of [[1, [1000, 2000, 4000, 5000, 5000]], [0.5, [500, 1000, 2000, 2500, 2500]], [
      0,
      [0, 0, 0, 0, 0],
    ]] as const
  ) {
    const clock = turnedClock({ random: () => chance });
    const stream = connect(url, {
      clock,
      fetch: () => Promise.reject(new Error("no")),
      retry: { max: 5000 },
    });
    delays.length = 0;
    stream.onstate = (state, { delay }) => state === "waiting" && delays.push(delay);
    for (let n = 0; n < 5; n++) await pass(clock, 10_000);
    stream.close();
    assert.deepEqual(delays.slice(0, 5), expected);
    assert.equal(clock.pending(), 0);
  }
});

test("retry: takes the place of the base, is at least 500, and is waited before the random part", {
  timeout: 10_000,
}, async () => {
  const clock = turnedClock({ random: () => 0.5 });
  const stream = connect(url, { clock, fetch: fetchOf("retry: 3000\n\n", "retry: 7\n\n", "").fetch });
  const delays: (number | undefined)[] = [];
  stream.onstate = (state, { delay }) => state === "waiting" && delays.push(delay);
  for (let n = 0; n < 3; n++) await pass(clock, 60_000);
  stream.close();
  assert.deepEqual(delays, [3000 + 1500, 500 + 500, 500 + 1000]);
});

test("a Retry-After longer than a timer can take does not fire at once", { timeout: 10_000 }, async () => {
  const server = await startServer((response) => refuse(response, 503, { "retry-after": "9999999999" }));
  const stream = connect(server.url);
  await until(() => stream.state === "waiting", "the wait");
  await sleep(200);
  assert.equal(server.requests.length, 1);
  stream.close();
  await server.kill();
});

test("a wait that no timer can take is the longest one, and passes", { timeout: 10_000 }, async () => {
  const delays: (number | undefined)[] = [];
  for (const retry of [{ base: 2 ** 40, max: Infinity }, {}]) {
    const clock = turnedClock({ random: () => 1 });
    let calls = 0;
    const fetch = () => {
      calls++;
      return Promise.resolve(new Response(retry.base ? "" : "retry: 99999999999999999999\n\n", sse));
    };
    const stream = connect(url, { clock, fetch, retry });
    stream.onstate = (state, { delay }) => state === "waiting" && delays.push(delay);
    await pass(clock, 2 ** 31 - 2);
    assert.deepEqual([calls, clock.pending()], [1, 1], "a timer runs");
    await pass(clock, 1);
    assert.equal(calls, 2);
    stream.close();
    assert.equal(clock.pending(), 0);
  }
  assert.deepEqual(new Set(delays), new Set([2 ** 31 - 1]));
});

test("a stallTimeout that no timer can take is none", { timeout: 10_000 }, async () => {
  const clock = turnedClock();
  const stream = connect(url, { clock, fetch: fetchOf().fetch, stallTimeout: 2 ** 31 });
  await until(() => stream.state === "open", "the stream to open");
  await sleep(5);
  assert.equal(clock.pending(), 0);
  stream.close();
});

/** What a page hears of the network and of being seen again; the listeners it has, and what calls them. */
function fakePage(): { fire(type: string): void; count(): number; leave(): void } {
  const page = new EventTarget();
  const { addEventListener } = globalThis;
  let count = 0;
  globalThis.addEventListener = (
    type: string,
    listener: unknown,
    options?: boolean | AddEventListenerOptions,
  ) => {
    count++;
    (options as AddEventListenerOptions).signal!.addEventListener("abort", () => count--);
    page.addEventListener(type, listener as EventListener, options);
  };
  return {
    fire: (type) => void page.dispatchEvent(new Event(type)),
    count: () => count,
    leave: () => void (globalThis.addEventListener = addEventListener),
  };
}

test("a page that is back waits only for as long as the server wants, and once", {
  timeout: 10_000,
}, async () => {
  for (const type of ["online", "visibilitychange"]) {
    const clock = turnedClock({ random: () => 1 });
    const page = fakePage();
    let calls = 0;
    const refused = (): Response => new Response("", { status: 503, headers: { "retry-after": "10" } });
    const stream = connect(url, {
      clock,
      fetch: () => (calls++, Promise.resolve(refused())),
      retry: { base: 100_000, max: 1e6 },
    });
    try {
      const delays: (number | undefined)[] = [];
      stream.onstate = (state, { delay }) => state === "waiting" && delays.push(delay);
      await pass(clock, 9_500);
      page.fire(type);
      await pass(clock, 499);
      assert.equal(calls, 1, "Retry-After is kept to");
      await pass(clock, 1);
      assert.equal(calls, 2, "and the random part is not waited for");
      await pass(clock, 209_999);
      assert.equal(calls, 2, "the next wait is a whole one again");
      await pass(clock, 1);
      assert.deepEqual([calls, delays], [3, [110_000, 210_000, 410_000]]);
    } finally {
      stream.close();
      page.leave();
    }
    assert.deepEqual([clock.pending(), page.count()], [0, 0]);
  }
});

test("a page that is put away does not hasten anything", { timeout: 10_000 }, async () => {
  const clock = turnedClock({ random: () => 1 });
  const page = fakePage();
  const document = Object.getOwnPropertyDescriptor(globalThis, "document");
  Object.defineProperty(globalThis, "document", { value: { hidden: true }, configurable: true });
  let calls = 0;
  const stream = connect(url, { clock, fetch: () => (calls++, Promise.reject(new Error("no"))) });
  try {
    await pass(clock, 10);
    page.fire("visibilitychange");
    await pass(clock, 989);
    assert.equal(calls, 1);
    await pass(clock, 1);
    assert.equal(calls, 2);
  } finally {
    stream.close();
    page.leave();
    if (document) Object.defineProperty(globalThis, "document", document);
    else delete (globalThis as { document?: unknown }).document;
  }
});

test("a connection that is found to be lost just after the page is back is made again at once", {
  timeout: 10_000,
}, async () => {
  for (const [later, expected] of [[999, 0], [1000, 100_000]] as const) {
    const clock = turnedClock({ random: () => 1 });
    const page = fakePage();
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
    const stream = connect(url, {
      clock,
      fetch: () => Promise.resolve(new Response(body, sse)),
      retry: { base: 100_000, max: 1e6 },
      stallTimeout: Infinity,
    });
    try {
      const delays: (number | undefined)[] = [];
      stream.onstate = (state, { delay }) => state === "waiting" && delays.push(delay);
      await pass(clock, 500);
      page.fire("visibilitychange");
      await pass(clock, later);
      controller.error(new Error("cut"));
      await pass(clock, 0);
      assert.deepEqual(delays.slice(0, 1), [expected], `${later} ms later`);
    } finally {
      stream.close();
      page.leave();
    }
  }
});

test("any byte sets the one timer of the watchdog anew", { timeout: 10_000 }, async () => {
  const clock = turnedClock({ random: () => 0 });
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (c) => void (controller = c) });
  const stream = connect(url, {
    clock,
    fetch: () => Promise.resolve(new Response(body, sse)),
    stallTimeout: 1000,
  });
  const states: string[] = [];
  stream.onstate = (state, { error }) => states.push(error ? (error as TidingsError).code : state);
  await pass(clock, 900);
  controller.enqueue(new Uint8Array([58]));
  await pass(clock, 900);
  assert.deepEqual([states.at(-1), clock.pending()], ["open", 1]);
  await pass(clock, 99);
  assert.equal(states.at(-1), "open");
  await pass(clock, 1);
  assert.ok(states.includes("connection-stalled"), states.join());
  stream.close();
  assert.equal(clock.pending(), 0);
});

test(
  "a fetch and a headers function that ignore the signal do not hold the client up",
  { timeout: 10_000 },
  async () => {
    for (
      const options of [{ fetch: () => new Promise<never>(() => {}) }, {
        headers: () => new Promise<never>(() => {}),
      }]
    ) {
      const stream = connect(url, { ...options, stallTimeout: 50, retry: false });
      await assert.rejects(
        stream.closed,
        (error) => error instanceof TidingsError && error.code === "connection-stalled",
      );
    }
  },
);

test(
  "shouldRetry is told what would happen, and an error of its own ends the stream",
  { timeout: 10_000 },
  async () => {
    const calls: unknown[] = [];
    const answers = [true, undefined, false];
    const stream = connect(url, {
      fetch: () => Promise.resolve(new Response("", { status: calls.length ? 503 : 404 })),
      retry: quick,
      shouldRetry: async (error, context) => {
        calls.push([error.response?.status, context]);
        return await Promise.resolve(answers[calls.length - 1]);
      },
    });
    await assert.rejects(
      stream.closed,
      (error) => error instanceof TidingsError && error.response?.status === 503,
    );
    assert.deepEqual(calls, [
      [404, { attempt: 0, retry: false }],
      [503, { attempt: 1, retry: true }],
      [503, { attempt: 2, retry: true }],
    ]);
    const other = connect(url, {
      fetch: () => Promise.reject(new Error("no")),
      shouldRetry: () => {
        throw new Error("mine");
      },
    });
    await assert.rejects(other.closed, /mine/);
  },
);

// --- what is left behind ---

for (const how of ["close", "break", "abort", "throw"] as const) {
  test(`${how} ends the connection, cleanly, and drops what is queued`, { timeout: 20_000 }, async () => {
    const server = await startServer((response) => void openStream(response).write(events(1, 50)));
    const control = new AbortController();
    const clock = turnedClock({ random: () => 0 });
    const stream = connect(server.url, { clock, signal: control.signal });
    const states: unknown[] = [];
    stream.onstate = (state, { error }) => states.push(state, error);
    const seen: string[] = [];
    try {
      for await (const item of stream) {
        seen.push(item.lastEventId);
        if (seen.length < 3) continue;
        if (how === "break") break;
        if (how === "throw") throw new Error("mine");
        if (how === "close") stream.close();
        if (how === "abort") control.abort();
      }
    } catch (error) {
      assert.equal((error as Error).message, "mine");
    }
    await stream.closed;
    assert.deepEqual(seen, ["1", "2", "3"]);
    assert.deepEqual([stream.state, stream.lastEventId], ["closed", "3"]);
    assert.deepEqual(states.slice(-2), ["closed", undefined]);
    await until(() => server.streams() === 0, "the server to see the client leave");
    assert.equal(clock.pending(), 0, "no timer is left");
    assert.equal(server.requests.length, 1);
    await server.kill();
  });
}

test("each request is aborted when it is over, however it ended", { timeout: 10_000 }, async () => {
  // Firefox keeps the connection of a body that was only cancelled; elsewhere nothing else would tell.
  const signals: AbortSignal[] = [];
  const responses = [
    new Response("refused", { status: 503 }),
    new Response("data: ends\n\n", sse),
    new Response(`data: ${"x".repeat(200)}\n\n`, sse),
  ];
  const stream = connect(url, {
    fetch: (_, { signal }) => {
      signals.push(signal!);
      return Promise.resolve(responses.shift()!);
    },
    maxEventSize: 100,
    retry: quick,
  });
  await assert.rejects(
    async () => {
      for await (const _ of stream);
    },
    (error) => error instanceof TidingsError && error.code === "event-too-large",
  );
  assert.deepEqual(signals.map((signal) => signal.aborted), [true, true, true]);
});

test("a refusal that is final leaves its request alone, for its body to be read", {
  timeout: 10_000,
}, async () => {
  let signal: AbortSignal | null | undefined;
  const stream = connect(url, {
    fetch: (_, init) => {
      ({ signal } = init);
      return Promise.resolve(new Response("why", { status: 403 }));
    },
  });
  const error = await stream.closed.then(() => undefined, (error: TidingsError) => error);
  assert.equal(signal?.aborted, false);
  assert.equal(await error?.response?.text(), "why");
});

test("closing while connecting, and while waiting, leaves nothing", { timeout: 20_000 }, async () => {
  const server = await startServer((response, _, count) => {
    if (count) refuse(response, 503);
  });
  for (const state of ["connecting", "waiting"]) {
    const clock = turnedClock({ random: () => 1 });
    const stream = connect(server.url, { clock });
    await until(() => stream.state === state && server.streams() === (state === "waiting" ? 0 : 1), state);
    stream.close();
    await stream.closed;
    await until(() => server.streams() === 0, "the server to see the client leave");
    assert.equal(clock.pending(), 0);
  }
  assert.equal(server.requests.length, 2);
  await server.kill();
});

test("a signal that is aborted already makes no request", { timeout: 10_000 }, async () => {
  const { fetch, calls } = fetchOf();
  const stream = connect(url, { fetch, signal: AbortSignal.abort() });
  await stream.closed;
  for await (const _ of stream) assert.fail("there is nothing to iterate");
  assert.equal(calls.length, 0);
});

test("the listener on the signal goes with the stream", { timeout: 10_000 }, async () => {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (
    type: string,
    listener: unknown,
    options?: AddEventListenerOptions,
  ) => {
    listeners.add(listener);
    // A listener may also be bound to a signal that takes it off.
    options?.signal?.addEventListener("abort", () => listeners.delete(listener));
    add(type, listener as () => void, options);
  };
  signal.removeEventListener = (
    type: string,
    listener: unknown,
  ) => (listeners.delete(listener), remove(type, listener as () => void));
  const stream = connect(url, { fetch: fetchOf().fetch, signal });
  assert.equal(listeners.size, 1);
  stream.close();
  await stream.closed;
  assert.equal(listeners.size, 0);
});

test("closing upon a change of state leaves nothing, though fetch ignores its signal", {
  timeout: 10_000,
}, async () => {
  for (const at of ["connecting", "open", "waiting"]) {
    const clock = turnedClock({ random: () => 1 });
    let cancelled = 0;
    let calls = 0;
    const stream = connect(url, {
      clock,
      fetch: () => {
        calls++;
        const body = new ReadableStream({ cancel: () => void cancelled++ });
        return Promise.resolve(new Response(at === "waiting" ? "" : body, sse));
      },
    });
    stream.onstate = (state) => state === at && stream.close();
    await stream.closed;
    await sleep(10);
    assert.deepEqual([at, clock.pending(), calls, cancelled], [
      at,
      0,
      Number(at !== "connecting"),
      Number(at === "open"),
    ]);
  }
});

test("closing while shouldRetry decides leaves no timer", { timeout: 10_000 }, async () => {
  const clock = turnedClock({ random: () => 1 });
  const stream = connect(url, {
    clock,
    fetch: () => Promise.reject(new Error("no")),
    shouldRetry: async () => {
      stream.close();
      return await Promise.resolve(true);
    },
  });
  await stream.closed;
  await sleep(10);
  assert.equal(clock.pending(), 0);
});

test(
  "a stream that nobody listens to and that fails is no unhandled rejection",
  { timeout: 10_000 },
  async () => {
    const stream = connect(url, { fetch: () => Promise.resolve(new Response("", { status: 404 })) });
    const handled = connect(url, { fetch: () => Promise.resolve(new Response("", { status: 404 })) });
    handled.on(() => {});
    const floating = connect(url, { fetch: () => Promise.resolve(new Response("", { status: 404 })) });
    floating[Symbol.asyncIterator]().next().then(() => {}, () => {});
    await until(() => stream.state === "closed" && handled.state === "closed", "both to close");
    await sleep(50); // the runner fails the test for a rejection in here
  },
);
