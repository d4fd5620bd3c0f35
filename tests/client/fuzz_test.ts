// Tests the parser by random streams in random chunks, against two others, eventsource-parser and a slow, plain reading of
// the standard. The seed is printed on failure; give it back as TIDINGS_SEED to run the same streams again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createParser as createReference } from "eventsource-parser";
import { createParser } from "../../lib/client/parse.ts";

const STREAMS = 200_000;
const seed = Number(process.env["TIDINGS_SEED"] ?? Math.floor(Math.random() * 2 ** 32));

/** A small generator of random integers below a bound, the same on every runtime (xorshift32). */
function generator(state: number): (below: number) => number {
  state = state >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

const encoder = new TextEncoder();
const bytesOf = (list: string): Uint8Array[] => list.split("|").map((text) => encoder.encode(text));
const names = bytesOf(
  "data|data|data|data|data|event|event|id|id|retry||unknown|DATA|datas|dat|\uFEFFdata|d",
);
const joints = bytesOf(": |: |: |:|:|:  ||::| :");
const values = bytesOf("x|yz|1|2|42|007|-1|1e3|5 | |a:b|a\0b|\0||\t|é|€|😀|\uFEFF|\u2028|\u0085|two words");
// Bytes that are not UTF-8: a lone continuation, a cut sequence, an overlong form, a surrogate, a byte never used.
const broken = [[0x80], [0xe2, 0x82], [0xf0, 0x9f], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xff], [0xef, 0xbb], [
  0xef,
]];
const anything = [...values, ...broken.map((bytes) => new Uint8Array(bytes))];
const ends = bytesOf("\n|\n|\n|\n\n|\n\n|\n\n|\r|\r\r|\r\n|\r\n\r\n|\n\r|");

function randomStream(random: (below: number) => number): Uint8Array[] {
  const bytes: number[] = [];
  const add = (from: Uint8Array[]): void => void bytes.push(...from[random(from.length)]!);
  if (random(4) === 0) bytes.push(0xef, 0xbb, 0xbf);
  // Lines for the most part, and in between pieces of lines in no order at all.
  for (let n = random(16); n > 0; n--) {
    if (random(5)) [names, joints, anything, ends].forEach(add);
    else add([names, joints, anything, ends][random(4)]!);
  }
  // One chunk in three is a single byte, or none; the others are of any length.
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = random(3) === 0 ? random(2) : 1 + random(bytes.length);
    chunks.push(new Uint8Array(bytes.slice(at, at + size)));
    at += size;
  }
  return chunks;
}

type Outcome = (string | number)[][];

function byTidings(chunks: Uint8Array[]): { outcome: Outcome; lastEventId: string } {
  const outcome: Outcome = [];
  const parser = createParser({
    onEvent: (e) => outcome.push(["event", e.event, e.data, e.lastEventId]),
    onComment: (c) => outcome.push(["comment", c.comment]),
    onRetry: (ms) => outcome.push(["retry", ms]),
  });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
  return { outcome, lastEventId: parser.lastEventId };
}

function byReference(chunks: Uint8Array[]): { outcome: Outcome; lastEventId: string } {
  const outcome: Outcome = [];
  let lastEventId = "";
  const parser = createReference({
    onId: (id) => lastEventId = id,
    onEvent: (e) => outcome.push(["event", e.event ?? "message", e.data, lastEventId]),
    onComment: (comment) => outcome.push(["comment", comment]),
    onRetry: (ms) => outcome.push(["retry", ms]),
  });
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }));
  // THE KNOWN DIFFERENCE: it holds a CR at the very end of a chunk back, as an LF might follow, and with it an event
  // that is complete. The LF that makes it decide adds no line of its own. Nothing else is excepted.
  if (chunks.findLast((chunk) => chunk.length)?.at(-1) === 13) parser.feed("\n");
  return { outcome, lastEventId };
}

/** The standard's sections 9.2.5 and 9.2.6 line by line, over the whole stream at once. */
function byTheStandard(chunks: Uint8Array[]): { outcome: Outcome; lastEventId: string } {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\n|\r/);
  lines.pop(); // what no line end has closed
  const outcome: Outcome = [];
  let [data, type, id, lastEventId] = ["", "", "", ""];
  for (const line of lines) {
    const [, name, value] = /^([^:]*):? ?([^]*)$/.exec(line)!;
    if (line === "") {
      lastEventId = id;
      if (data !== "") outcome.push(["event", type || "message", data.slice(0, -1), lastEventId]);
      data = type = "";
    } else if (name === "") outcome.push(["comment", value!]);
    else if (name === "data") data += value + "\n";
    else if (name === "event") type = value!;
    else if (name === "id" && !value!.includes("\0")) id = value!;
    else if (name === "retry" && /^[0-9]+$/.test(value!)) outcome.push(["retry", Number(value)]);
  }
  return { outcome, lastEventId };
}

test(
  `${STREAMS} random streams read as eventsource-parser and the standard read them`,
  { timeout: 120_000 },
  () => {
    const random = generator(seed);
    let events = 0;
    for (let n = 0; n < STREAMS; n++) {
      const chunks = randomStream(random);
      const ours = byTidings(chunks);
      events += ours.outcome.length;
      const [got, reference, standard] = [ours, byReference(chunks), byTheStandard(chunks)].map((o) =>
        JSON.stringify(o)
      );
      // The message is only made for a failure: it costs more than the parsing.
      if (got === reference && got === standard) continue;
      const hint = `TIDINGS_SEED=${seed}, stream ${n}: ${JSON.stringify(chunks.map((chunk) => [...chunk]))}`;
      assert.equal(got, standard, `${hint} differs from the standard`);
      assert.equal(got, reference, `${hint} differs from eventsource-parser`);
    }
    assert.ok(
      events > STREAMS,
      `the streams should carry something, saw ${events} things in ${STREAMS} streams`,
    );
  },
);
