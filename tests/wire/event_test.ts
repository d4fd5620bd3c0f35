// Tests how events are written, and which are refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createParser } from "eventsource-parser";
import { encodeComment, encodeEvent, type ServerSentEvent, TidingsError } from "../../mod.ts";
import { Random } from "../support/random.ts";
import { randomEvent, refusable, seenByReader } from "../support/random_events.ts";

const fails = (event: unknown, message: RegExp) =>
  assert.throws(
    () => encodeEvent(event as ServerSentEvent),
    (error) => error instanceof TidingsError && error.code === "invalid-event" && message.test(error.message),
  );

test("an event becomes one frame, every field with its space and a blank line at the end", () => {
  assert.equal(
    encodeEvent({ comment: "c", event: "price", id: 7, retry: 1000, data: "x" }),
    ": c\nevent: price\nid: 7\nretry: 1000\ndata: x\n\n",
  );
});

test("a string is short for its data, and what is not a string goes out as JSON", () => {
  assert.equal(encodeEvent("hello"), "data: hello\n\n");
  assert.equal(encodeEvent({ data: { a: [1, null] } }), 'data: {"a":[1,null]}\n\n');
  assert.equal(encodeEvent({ data: null }), "data: null\n\n");
  assert.equal(encodeEvent({ data: 0 }), "data: 0\n\n");
  assert.equal(encodeEvent({ data: false }), "data: false\n\n");
  assert.equal(encodeEvent({ data: new Date(0) }), 'data: "1970-01-01T00:00:00.000Z"\n\n');
});

test("empty strings and zeros are values", () => {
  assert.equal(encodeEvent(""), "data: \n\n");
  assert.equal(encodeEvent({ data: "" }), "data: \n\n");
  assert.equal(encodeEvent({ id: "", data: "" }), "id: \ndata: \n\n");
  assert.equal(encodeEvent({ id: 0, data: "" }), "id: 0\ndata: \n\n");
  assert.equal(encodeEvent({ id: 12345678901234567890n, data: "" }), "id: 12345678901234567890\ndata: \n\n");
  assert.equal(encodeEvent({ retry: 0 }), "retry: 0\n\n");
  assert.equal(encodeEvent({ retry: -0 }), "retry: 0\n\n");
  assert.equal(encodeEvent({ comment: "" }), ": \n\n");
  assert.equal(encodeEvent({ event: "" }), "event: \ndata: \n\n");
});

test("an event without data gets an empty data line, or no browser would dispatch it", () => {
  assert.equal(encodeEvent({ event: "done" }), "event: done\ndata: \n\n");
});

test("data and comments are split at CRLF, CR and LF alike", () => {
  assert.equal(encodeEvent("a\r\nb\rc\nd"), "data: a\ndata: b\ndata: c\ndata: d\n\n");
  assert.equal(encodeEvent("\n"), "data: \ndata: \n\n");
  assert.equal(encodeEvent("a\n\r"), "data: a\ndata: \ndata: \n\n");
  assert.equal(encodeComment("a\rdata: forged\r\n\nb"), ": a\n: data: forged\n: \n: b\n\n");
});

test("what would forge a field, or be lost on the way, is refused by name", () => {
  for (const bad of ["a\nb", "a\rb", "a\r\nb", "\n"]) {
    fails({ event: bad, data: 1 }, /"event" must not contain a line break/);
    fails({ id: bad, data: 1 }, /"id" must not contain a line break/);
  }
  for (const bad of ["a\0b", "\x1b[0m", "a\x7f", " a", "a ", "\ta", " "]) {
    fails(
      { id: bad, data: 1 },
      /"id" must be fit for a header, without control characters and without a blank/,
    );
  }
  for (const good of ["漢字", "é 1", "a\tb", "\u00a0", "-"]) {
    assert.equal(encodeEvent({ id: good, data: 1 }), `id: ${good}\ndata: 1\n\n`);
  }
  for (const bad of [-1, 1.5, NaN, Infinity, 2 ** 53, "1000", "1\ndata: x", null]) {
    fails({ retry: bad, data: 1 }, /"retry" must be a whole number of milliseconds/);
  }
  for (const bad of [NaN, Infinity, {}, null, true]) fails({ id: bad, data: 1 }, /"id" must be/);
  for (const bad of [5, {}, null]) fails({ event: bad, data: 1 }, /"event" must be a string/);
  for (const bad of [5, {}, null]) fails({ comment: bad }, /"comment" must be a string/);
  for (const bad of ["\ud800", "a\udc00b", "\udc00\ud800"]) {
    for (const field of ["data", "event", "id", "comment"]) {
      fails({ [field]: bad }, new RegExp(`"${field}" must not contain half a surrogate pair`));
    }
  }
  fails({}, /needs at least one of/);
  fails({ data: undefined }, /needs at least one of/);
  for (const bad of [null, undefined, 5]) {
    fails(bad, /^An event must be a string, or an object such as .*, received/);
  }
});

test("a field that is not known is refused, with the nearest one or all of them", () => {
  fails({ data: 1, evnt: "price" }, /^Unknown event field "evnt": did you mean "event"\?$/);
  fails({ data: 1, Data: 2 }, /^Unknown event field "Data": did you mean "data"\?$/);
  fails(
    { name: "price" },
    /^Unknown event field "name": the fields are data, event, id, retry, comment; an object to be sent goes into data$/,
  );
  assert.equal(encodeEvent({ data: 1, name: undefined } as ServerSentEvent), "data: 1\n\n");
});

test("data of which JSON keeps nothing is refused", () => {
  for (
    const lost of [
      ...[new Map([[1, 2]]), new Set([1]), new Error("mine"), Promise.resolve(1), NaN, -Infinity, /x/],
      ...[new Response("x"), new Blob(["x"])],
      // Bun turns these two into JSON that keeps all.
      ...[new Headers({ a: "b" }), new URLSearchParams("a=b")].filter((each) => !("toJSON" in each)),
    ]
  ) fails({ data: lost }, /"data" must be expressible as JSON, and loses nothing in it: .*await a promise/);
  class Empty {}
  assert.equal(encodeEvent({ data: {} }), "data: {}\n\n");
  assert.equal(encodeEvent({ data: new Empty() }), "data: {}\n\n");
  assert.equal(encodeEvent({ data: { toJSON: () => null } }), "data: null\n\n");
  assert.equal(encodeEvent({ data: new URL("http://a/") }), 'data: "http://a/"\n\n');
});

test("data that JSON cannot express is refused, with the cause", () => {
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  for (const bad of [circular, 5n, () => 1, Symbol("x"), { toJSON: () => undefined }]) {
    fails({ data: bad }, /"data" must be expressible as JSON/);
  }
  fails({ data: new Uint8Array(3) }, /"data" must be text or JSON: encode bytes yourself/);
  fails({ data: new ArrayBuffer(3) }, /encode bytes yourself/);
  assert.throws(() => encodeEvent({ data: circular }), (error: Error) => error.cause instanceof TypeError);
});

test("an error message stays short and on one line, whatever the value", () => {
  try {
    encodeEvent({ event: "x\n".repeat(100_000) });
    assert.fail("was accepted");
  } catch (error) {
    assert.ok((error as Error).message.length < 200);
    assert.ok(!(error as Error).message.includes("\n"));
  }
});

test("100,000 random events come back equal from an independent reader, or are refused", () => {
  const seed = Date.now() % 1e9;
  const random = new Random(seed);
  const pick = (below: number) => random.below(below);
  const sent: ServerSentEvent[] = [];
  let wire = "";
  for (let i = 0; i < 100_000; i++) {
    const event = randomEvent(pick);
    let frame: string | undefined;
    try {
      frame = encodeEvent(event);
    } catch (error) {
      assert.ok(error instanceof TidingsError, `seed ${seed}, event ${i}: ${error}`);
    }
    const shown = () => `seed ${seed}, event ${i}: ${JSON.stringify(event)}`;
    assert.equal(frame === undefined, refusable(event), shown());
    if (frame === undefined) continue;
    wire += frame;
    sent.push(event);
  }
  // Through bytes, as on the wire.
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    new TextEncoder().encode(wire),
  );
  assert.equal(text, wire, `seed ${seed}`);
  const read: unknown[] = [];
  const parser = createParser({
    onEvent: ({ data, event, id }) => read.push({ data, event: event || undefined, id }),
    onError: (error) => assert.fail(`seed ${seed}: ${error.message}`),
  });
  parser.feed(text);
  const expected = seenByReader(sent);
  assert.ok(sent.length > 30_000, `only ${sent.length} were sendable`);
  assert.equal(read.length, expected.length, `seed ${seed}`);
  for (let i = 0; i < expected.length; i++) assert.deepEqual(read[i], expected[i], `seed ${seed}, read ${i}`);
});

test("1 MB of data comes back equal", () => {
  const data = "line of text 😀\n".repeat(60_000);
  let read = "";
  createParser({ onEvent: (event) => read = event.data }).feed(encodeEvent({ data }));
  assert.equal(read, data);
});
