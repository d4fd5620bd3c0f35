// Tests the parser against the HTML standard, sections 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event
// stream", one row per sentence; then its limits, its speed and the async iterable over it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TidingsError } from "../../lib/base/errors.ts";
import { createParser, parseSSE } from "../../lib/client/mod.ts";
import { memoryInUse } from "../support/runtime.ts";

const encoder = new TextEncoder();
type Seen = (string | number)[][];

function parse(chunks: Uint8Array[], options: { lastEventId?: string; maxEventSize?: number } = {}): Seen {
  const seen: Seen = [];
  const parser = createParser({
    ...options,
    onEvent: (e) => seen.push(["event", e.event, e.data, e.lastEventId]),
    onComment: (c) => seen.push(["comment", c.comment]),
    onRetry: (ms) => seen.push(["retry", ms]),
  });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
  seen.push(["id", parser.lastEventId]);
  return seen;
}

/** An event as the table writes it: data, then name and last event ID where they are not the default. */
const ev = (
  data: string,
  event = "message",
  lastEventId = "",
): (string | number)[] => ["event", event, data, lastEventId];
const id = (lastEventId: string): string[] => ["id", lastEventId];

const table: [sentence: string, stream: string | number[], expected: Seen][] = [
  // Parsing an event stream
  ["The stream is UTF-8", [...encoder.encode("data: é€😀\n\n")], [ev("é€😀"), id("")]],
  [
    "The stream is UTF-8: what is not becomes U+FFFD",
    [...encoder.encode("data: "), 0xff, 0xe2, 0x82, 10, 10],
    [ev("\uFFFD\uFFFD"), id("")],
  ],
  ["One leading byte order mark is ignored", "\uFEFFdata: x\n\n", [ev("x"), id("")]],
  ["A second byte order mark is not", "\uFEFF\uFEFFdata: x\n\ndata: y\n\n", [ev("y"), id("")]],
  ["A byte order mark elsewhere is not", "data: \uFEFFx\n\n\uFEFFdata: y\n\n", [ev("\uFEFFx"), id("")]],
  ["A line ends with CR LF", "data: x\r\n\r\n", [ev("x"), id("")]],
  ["A line ends with a single LF", "data: x\n\n", [ev("x"), id("")]],
  ["A line ends with a single CR", "data: x\r\r", [ev("x"), id("")]],
  ["CR LF is one line end, not two", "data: x\r\ndata: y\r\n\r\n", [ev("x\ny"), id("")]],
  ["LF CR is two line ends", "data: x\n\rdata: y\n\r", [ev("x"), ev("y"), id("")]],
  ["The three may be mixed", "data: a\rdata: b\ndata: c\r\n\rdata: d\n\r\n", [
    ev("a\nb\nc"),
    ev("d"),
    id(""),
  ]],
  ["No other character ends a line", "data: a\u2028b\u0085c\u000Bd\fe\n\n", [
    ev("a\u2028b\u0085c\u000Bd\fe"),
    id(""),
  ]],
  // Interpreting an event stream
  ["An empty line dispatches the event", "data: x\n\ndata: y\n\n", [ev("x"), ev("y"), id("")]],
  ["A line that starts with a colon is ignored, here: a comment", ": c\ndata: x\n:d\n\n", [
    ["comment", "c"],
    ["comment", "d"],
    ev("x"),
    id(""),
  ]],
  ["A comment between data lines does not part them", "data: x\n: c\ndata: y\n\n", [
    ["comment", "c"],
    ev("x\ny"),
    id(""),
  ]],
  ["The name is what stands before the first colon, the value what stands after", "data:a:b\n\n", [
    ev("a:b"),
    id(""),
  ]],
  ["A space after the colon is not part of the value", "data: x\n\n", [ev("x"), id("")]],
  ["Only one space is not", "data:  x \n\n", [ev(" x "), id("")]],
  ["Only a space is not, never a tab", "data:\tx\n\n", [ev("\tx"), id("")]],
  ["A space before the colon belongs to the name", "data : x\n\n", [id("")]],
  ["A line without a colon is a name with an empty value", "data\n\n", [ev(""), id("")]],
  ["At the end of the stream what is not dispatched is discarded", "data: x\n\ndata: y\n", [ev("x"), id("")]],
  ["At the end of the stream a line that is not ended is discarded", "data: x\n\n: c", [ev("x"), id("")]],
  ["At the end of the stream an id that is not dispatched is discarded", "id: 1\ndata: x\n\nid: 2\n", [
    ev("x", "message", "1"),
    id("1"),
  ]],
  // Processing a field
  ["event: sets the event's type", "event: e\ndata: x\n\n", [ev("x", "e"), id("")]],
  ["event: the last one counts", "event: e\nevent: f\ndata: x\n\n", [ev("x", "f"), id("")]],
  ["event: an empty one resets the type", "event: e\nevent\ndata: x\n\n", [ev("x"), id("")]],
  ["data: values join with LF", "data: x\ndata: y\n\n", [ev("x\ny"), id("")]],
  ["data: an empty one is a line too", "data\ndata:\n\n", [ev("\n"), id("")]],
  ["id: sets the last event ID", "id: 1\ndata: x\n\n", [ev("x", "message", "1"), id("1")]],
  ["id: an empty one resets it", "id: 1\ndata: x\n\nid\ndata: y\n\n", [
    ev("x", "message", "1"),
    ev("y"),
    id(""),
  ]],
  ["id: one with NUL is ignored", "id: 1\ndata: x\n\nid: a\0b\ndata: y\n\n", [
    ev("x", "message", "1"),
    ev("y", "message", "1"),
    id("1"),
  ]],
  ["id: one with NUL does not undo one before it", "id: 1\nid: \0\ndata: x\n\n", [
    ev("x", "message", "1"),
    id("1"),
  ]],
  ["retry: digits set the reconnection time, at once", "retry: 1500\n", [["retry", 1500], id("")]],
  ["retry: digits are read in base ten", "retry: 010\n", [["retry", 10], id("")]],
  [
    "retry: anything else is ignored",
    "retry: 1.5\nretry: -1\nretry: 1e3\nretry: 0x1\nretry: ٣\nretry:  1\nretry\n",
    [id("")],
  ],
  ["Any other field is ignored", "foo: x\nfoo\ndata: x\n\n", [ev("x"), id("")]],
  ["Names are compared as they are, without folding case", "Data: x\nDATA: x\nID: 1\n\n", [id("")]],
  ["A name must match in full", "dat: x\ndatas: x\nev: y\nids: 1\n\n", [id("")]],
  // Dispatching
  ["The last event ID is set when the block ends, even without data", "id: 1\n\ndata: x\n\n", [
    ev("x", "message", "1"),
    id("1"),
  ]],
  ["The last event ID stays until it is set again", "id: 1\ndata: x\n\ndata: y\n\n", [
    ev("x", "message", "1"),
    ev("y", "message", "1"),
    id("1"),
  ]],
  ["Without data nothing is dispatched, and the type is reset", "event: e\n\ndata: x\n\n", [ev("x"), id("")]],
  ["One trailing LF of the data is dropped, no more", "data: x\ndata\ndata\n\n", [ev("x\n\n"), id("")]],
  ["The type is message where none is given", "data: x\n\n", [ev("x"), id("")]],
  ["The type is the event field otherwise, any name at all", "event: gap or é\ndata: x\n\n", [
    ev("x", "gap or é"),
    id(""),
  ]],
  ["Data and type are reset after it", "event: e\ndata: x\n\ndata: y\n\n", [ev("x", "e"), ev("y"), id("")]],
  ["The data of a block may come before its name and id", "data: x\nid: 1\nevent: e\n\n", [
    ev("x", "e", "1"),
    id("1"),
  ]],
  ["An event with empty data is one", "data:\n\n", [ev(""), id("")]],
  // The worked examples in the standard
  ["Example: a value of three lines", "data: YHOO\ndata: +2\ndata: 10\n\n", [ev("YHOO\n+2\n10"), id("")]],
  ["Example: two events with empty data, and one cut off", "data\n\ndata\ndata\n\ndata:", [
    ev(""),
    ev("\n"),
    id(""),
  ]],
];

for (const [sentence, stream, expected] of table) {
  test(`9.2.5/9.2.6 ${sentence}`, () => {
    const bytes = typeof stream === "string" ? encoder.encode(stream) : new Uint8Array(stream);
    assert.deepEqual(parse([bytes]), expected, "whole");
    assert.deepEqual(parse([...bytes].map((byte) => new Uint8Array([byte]))), expected, "byte by byte");
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(
        parse([bytes.subarray(0, at), new Uint8Array(), bytes.subarray(at)]),
        expected,
        `cut at ${at}`,
      );
    }
  });
}

test("an event ends at a CR without waiting for what follows it", () => {
  const seen: string[] = [];
  const parser = createParser({ onEvent: (e) => seen.push(e.data) });
  parser.feed("data: x\r\r");
  assert.deepEqual(seen, ["x"]);
});

test("the last event ID of an earlier connection goes on until the server sets one", () => {
  const expected = [ev("x", "message", "7"), ev("y", "message", "8"), id("8")];
  assert.deepEqual(parse([encoder.encode("data: x\n\nid: 8\ndata: y\n\n")], { lastEventId: "7" }), expected);
});

const tooLarge: [what: string, stream: string][] = [
  ["one long data line", `data: ${"x".repeat(100)}\n\n`],
  ["many short data lines", "data: x\n".repeat(60) + "\n"],
  ["many empty data lines", "data\n".repeat(110) + "\n"],
  ["an id", `id: ${"x".repeat(100)}\n\n`],
  ["an event name", `event: ${"x".repeat(100)}\n\n`],
  ["a comment", `: ${"x".repeat(100)}\n`],
  ["an unknown field", `foo: ${"x".repeat(100)}\n`],
  ["a line that never ends", "x".repeat(101)],
  [
    "data, name and id that are only together too large",
    `id: ${"x".repeat(40)}\nevent: ${"x".repeat(40)}\ndata: ${"x".repeat(30)}\n\n`,
  ],
];
for (const [what, stream] of tooLarge) {
  test(`maxEventSize: ${what}, in every chunking, after the events before it`, () => {
    const text = `data: before\n\n${stream}`;
    for (const size of [1, 2, 7, 50, text.length]) {
      const seen: string[] = [];
      const parser = createParser({ onEvent: (e) => seen.push(e.data), maxEventSize: 100 });
      const isTooLarge = (e: unknown) =>
        e instanceof TidingsError && e.code === "event-too-large" && /100/.test(e.message);
      assert.throws(
        () => {
          for (let at = 0; at < text.length; at += size) parser.feed(text.slice(at, at + size));
        },
        isTooLarge,
        `chunks of ${size}`,
      );
      assert.deepEqual(seen, ["before"]);
      assert.throws(() => parser.feed("\n\ndata: after\n\n"), isTooLarge, "and ever after");
      assert.deepEqual(seen, ["before"]);
    }
  });
}

test("maxEventSize: what is fed to a parser that has failed is not kept", async () => {
  const parser = createParser({ onEvent: () => {}, maxEventSize: 100 });
  // Of a text of their own each: a text that is shared would weigh nothing.
  const feed = (n: number) =>
    assert.throws(() => parser.feed(`data: ${String(n).repeat(200_000)}`), TidingsError);
  feed(10);
  const before = await memoryInUse();
  for (let n = 11; n < 99; n++) feed(n);
  const grown = await memoryInUse() - before;
  assert.ok(grown < 5_000_000, `${grown} bytes more`);
  assert.throws(() => parser.feed("data: after\n\n"), TidingsError);
});

test("maxEventSize does not count across events, comments or chunks", () => {
  const seen: string[] = [];
  const parser = createParser({ onEvent: (e) => seen.push(e.data), maxEventSize: 100 });
  parser.feed(`data: ${"x".repeat(90)}\n\n`.repeat(50));
  for (let n = 0; n < 500; n++) parser.feed(":\n");
  parser.feed(": ping\n".repeat(500));
  assert.equal(seen.length, 50);
});

test("a wrong maxEventSize is named with the value", () => {
  for (const maxEventSize of [0, -1, NaN, "1" as unknown as number]) {
    assert.throws(() => createParser({ onEvent() {}, maxEventSize }), {
      name: "TypeError",
      message: `maxEventSize must be a positive number, received ${
        maxEventSize === ("1" as unknown) ? '"1"' : maxEventSize
      }`,
    });
  }
});

test("time is linear in every chunking", { timeout: 60_000 }, () => {
  // The process's own time, so that what else the machine does is not counted.
  const now = (): number => process.cpuUsage().user / 1000;
  // Four times the length takes four times as long; what is quadratic takes sixteen. Each is the best of three.
  const cases: [what: string, make: (n: number) => string[]][] = [
    ["one data line in single characters", (n) => ["data: ", ..."x".repeat(n), "\n\n"]],
    [
      "one data line in small chunks",
      (n) => ["data: ", ...Array<string>(n >> 4).fill("x".repeat(160)), "\n\n"],
    ],
    ["many data lines in one chunk", (n) => ["data: x\n".repeat(n) + "\n"]],
    ["many fields without a colon in one chunk", (n) => ["data\n".repeat(n) + "\n"]],
    ["many lines that end with CR in one chunk, before one LF", (n) => ["data: x\r".repeat(n) + "\r\n"]],
    ["many lines that end with LF in one chunk, before one CR", (n) => ["data: x\n".repeat(n) + "\n\r"]],
    ["an unknown line in single characters", (n) => [..."x".repeat(n), "\n\n"]],
  ];
  for (const [what, make] of cases) {
    const time = (n: number): number => {
      const chunks = make(n);
      let best = Infinity;
      for (let run = 0; run < 3; run++) {
        const parser = createParser({ onEvent() {}, maxEventSize: Infinity });
        const start = now();
        for (const chunk of chunks) parser.feed(chunk);
        best = Math.min(best, now() - start);
      }
      return best;
    };
    time(20_000);
    const [small, large] = [time(50_000), time(200_000)];
    // The machine is shared and its clock coarse. Quadratic time would be seconds at this length: less is not judged.
    assert.ok(large < 100 || large < small * 10, `${what}: ${small} ms for 50 000, ${large} ms for 200 000`);
  }
});

// --- parseSSE ---

const sse = { headers: { "content-type": "text/event-stream; charset=utf-8" } };

/** A stream of these chunks that records whether it was cancelled, and stays open if told so. */
function streamOf<T>(chunks: T[], open = false): { stream: ReadableStream<T>; cancelled: () => boolean } {
  let cancelled = false;
  let at = 0;
  const stream = new ReadableStream<T>({
    pull(controller) {
      if (at < chunks.length) controller.enqueue(chunks[at++]!);
      else if (!open) controller.close();
      else return new Promise(() => {});
    },
    cancel() {
      cancelled = true;
    },
  });
  return { stream, cancelled: () => cancelled };
}

async function collect<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of iterable) items.push(item);
  return items;
}

test("parseSSE reads a response, bytes and text", { timeout: 10_000 }, async () => {
  const text = "\uFEFFid: 1\ndata: é\n\n: c\n\nevent: e\ndata: 😀\n\ndata: cut off";
  const events = [
    { kind: "event", event: "message", data: "é", lastEventId: "1" },
    { kind: "event", event: "e", data: "😀", lastEventId: "1" },
  ];
  const single = [...encoder.encode(text)].map((byte) => new Uint8Array([byte]));
  assert.deepEqual(await collect(parseSSE(new Response(text, sse))), events);
  assert.deepEqual(await collect(parseSSE(streamOf(single).stream)), events);
  assert.deepEqual(await collect(parseSSE(streamOf([text]).stream)), events);
  const all = await collect(parseSSE(new Response(text, sse), { comments: true }));
  assert.deepEqual(all.map((item) => item.kind), ["event", "comment", "event"]);
});

test("bytes are one text however they are cut: in a character, after a broken one, with empty chunks", async () => {
  // A character that breaks off before a line's end, before another, and at the end of a chunk.
  const broken = [0xf0, 0x9f, 10, 10, ...encoder.encode("data: "), 0xe2, 0x82, 0xc3, 0xa9, 0xff, 10, 10];
  const bytes = new Uint8Array([...encoder.encode("data: é😀€\n\ndata: "), ...broken]);
  const expected = await collect(parseSSE(streamOf([new TextDecoder().decode(bytes)]).stream));
  assert.deepEqual(expected.map(({ data }) => data), ["é😀€", "\uFFFD", "\uFFFDé\uFFFD"]);
  for (let size = 1; size <= bytes.length; size++) {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      chunks.push(bytes.subarray(at, at + size), new Uint8Array());
    }
    assert.deepEqual(await collect(parseSSE(streamOf(chunks).stream)), expected, `chunks of ${size}`);
  }
});

test("parseSSE tells of retry fields", { timeout: 10_000 }, async () => {
  const times: number[] = [];
  await collect(parseSSE(new Response("retry: 5\n\nretry: 7\n", sse), { onRetry: (ms) => times.push(ms) }));
  assert.deepEqual(times, [5, 7]);
});

for (const wrong of [new Error("not today"), undefined]) {
  test(`what onRetry throws ends the iteration, and takes no event with it without a word: ${wrong}`, async () => {
    const seen: string[] = [];
    const events = parseSSE(new Response("data: a\n\nretry: 5\n\ndata: b\n\n", sse), {
      onRetry() {
        throw wrong;
      },
    });
    const end = (async () => {
      for await (const { data } of events) seen.push(data);
      return "the end";
    })();
    assert.deepEqual(await end.catch((error) => ({ error })), { error: wrong });
    assert.deepEqual(seen, ["a"]);
  });
}

test("parseSSE tells of each read, with the id to resume from", { timeout: 10_000 }, async () => {
  const told: string[] = [];
  const { stream } = streamOf(["id: 1\nda", "ta: a\n\nid: 2\n\n", ": c\nid: 3\n"]);
  for await (const event of parseSSE(stream, { onRead: (id) => told.push(id) })) told.push(event.data);
  assert.deepEqual(told, ["", "", "a", "2", "2"]);
});

test("leaving the loop cancels the stream and lets go of it", { timeout: 10_000 }, async () => {
  for (const leave of ["break", "throw"]) {
    const { stream, cancelled } = streamOf(["data: 1\n\ndata: 2\n\n"], true);
    try {
      for await (const event of parseSSE(stream)) {
        assert.equal(event.data, "1");
        if (leave === "break") break;
        throw new Error("mine");
      }
    } catch (error) {
      assert.equal((error as Error).message, "mine");
    }
    assert.equal(cancelled(), true, leave);
    assert.equal(stream.locked, false, leave);
  }
});

test("parseSSE after return() is done, though events were ready", { timeout: 10_000 }, async () => {
  const iterator = parseSSE(streamOf(["data: 1\n\ndata: 2\n\n"], true).stream);
  assert.equal((await iterator.next()).value?.data, "1");
  assert.deepEqual(await iterator.return(), { done: true, value: undefined });
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
});

test("a response that is no event stream throws and keeps its body", { timeout: 10_000 }, async () => {
  const cases: [string, Response][] = [
    ["bad-status", new Response("no", { ...sse, status: 401 })],
    ["bad-status", new Response("no", { ...sse, status: 500 })],
    ["bad-status", new Response("no", { ...sse, status: 201 })],
    ["no-content", new Response(null, { ...sse, status: 204 })],
    ["bad-content-type", new Response("no", { headers: { "content-type": "text/html" } })],
    ["bad-content-type", new Response("no", { headers: { "content-type": "text/event-streams" } })],
    ["bad-content-type", new Response(new Uint8Array([110, 111]))],
  ];
  for (const [code, response] of cases) {
    let caught: unknown;
    try {
      await collect(parseSSE(response));
    } catch (error) {
      caught = error;
    }
    assert.ok(caught instanceof TidingsError, code);
    assert.equal(caught.code, code);
    assert.equal(caught.response, response);
    if (code !== "no-content") assert.equal(await response.text(), "no");
  }
});

test("a refusal says what came, and what to do", () => {
  const cases: [Response, string][] = [
    [
      new Response(null, { status: 500 }),
      "Server answered 500 without a type: send 200 text/event-stream",
    ],
    [
      new Response("no", { headers: { "content-type": "text/html" } }),
      "Server answered 200 text/html: send 200 text/event-stream",
    ],
    [new Response(null, { status: 204 }), "Server answered 204, the end"],
  ];
  for (const [response, message] of cases) assert.throws(() => parseSSE(response), { message });
});

test("a response that was read already is refused at once", { timeout: 10_000 }, async () => {
  const read: ((response: Response) => Promise<unknown>)[] = [
    (response) => response.text(),
    (response) => collect(response.body as unknown as AsyncIterable<unknown>),
    (response) => collect(parseSSE(response)),
  ];
  for (const how of read) {
    const response = new Response("data: x\n\n", sse);
    await how(response);
    assert.throws(
      () => parseSSE(response),
      (error) =>
        error instanceof TidingsError && error.code === "bad-body" && error.response === response &&
        error.message === "No stream, or read already: parseSSE(await fetch(url))",
    );
  }
});

test("the content type is read as MIME types are", { timeout: 10_000 }, async () => {
  for (
    const type of [
      "text/event-stream",
      "Text/Event-Stream",
      "text/event-stream ;charset=latin1",
      " text/event-stream;",
    ]
  ) {
    const events = await collect(
      parseSSE(new Response("data: é\n\n", { headers: { "content-type": type } })),
    );
    assert.equal(events[0]?.data, "é", type);
  }
});

test("an event over the cap comes after those before it, with the response, and ends the stream", {
  timeout: 10_000,
}, async () => {
  const response = new Response(`data: 1\n\ndata: ${"x".repeat(50)}\n\ndata: 3\n\n`, sse);
  const iterator = parseSSE(response, { maxEventSize: 20 });
  assert.equal((await iterator.next()).value?.data, "1");
  await assert.rejects(
    iterator.next(),
    (e) => e instanceof TidingsError && e.code === "event-too-large" && e.response === response,
  );
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
});

test(
  "a stream that breaks throws its own error, after the events before it",
  { timeout: 10_000 },
  async () => {
    let at = 0;
    const stream = new ReadableStream<string>({
      pull(controller) {
        if (at++ === 0) controller.enqueue("data: 1\n\ndata: cut");
        else controller.error(new Error("gone"));
      },
    });
    const seen: string[] = [];
    await assert.rejects(async () => {
      for await (const event of parseSSE(stream)) seen.push(event.data);
    }, /gone/);
    assert.deepEqual(seen, ["1"]);
  },
);

test("what is no response and no stream is refused at once, and told what to write", () => {
  const message = "No stream, or read already: parseSSE(await fetch(url))";
  for (
    const wrong of ["http://localhost/", Promise.resolve(new Response()), new URL("http://localhost/"), {}]
  ) {
    assert.throws(() => parseSSE(wrong as never), { code: "bad-body", message });
  }
});

test("a locked stream is refused at once", () => {
  const { stream } = streamOf(["data: 1\n\n"]);
  stream.getReader();
  assert.throws(() => parseSSE(stream), TypeError);
});
