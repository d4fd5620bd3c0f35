// Tests the ids of JetStream's entries, and its options.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareIds, formatId, incarnation, parseId, tagOf } from "../../lib/nats/id.ts";
import { jetStream, type JetStreamClientLike, type JetStreamOptions } from "../../lib/nats/mod.ts";
import { covers } from "../../lib/nats/stream.ts";

test("an id tells the stream, the sequence and the message", () => {
  const created = incarnation("2026-11-23T14:35:43.865223703Z");
  const id = formatId(created, 42, tagOf("a message"));
  assert.deepEqual(parseId(id), { created, sequence: 42, tag: tagOf("a message") });
  assert.match(id, /^[!-~]+$/);
  const largest = formatId("zzzzzzzzzz", Number.MAX_SAFE_INTEGER, "zzzzzzz");
  assert.equal(parseId(largest)?.sequence, Number.MAX_SAFE_INTEGER);
});

test("what is no id is refused", () => {
  const texts = [
    "",
    "1",
    "1-1",
    "1-1-",
    "-1-1",
    "1--1",
    "1-01-1",
    "1-1-1-1",
    "A-1-1",
    "1-1-A",
    "1-1 -1",
    "1-1-1\n",
  ];
  texts.push(
    formatId("1", Number.MAX_SAFE_INTEGER + 1, "1"),
    "1-99999999999999999-1",
    "12345678901-1-1",
    "1-1-12345678",
  );
  texts.push("1-1-1".padEnd(5_000, "1"));
  for (const text of texts) assert.equal(parseId(text), undefined, JSON.stringify(text));
});

test("ids are ordered by stream, then sequence; one sequence with two tags is two messages", () => {
  const ids = ["9-1-a", "a-1-a", "a-2-a", "a-2-b", "a-10-a", "10-1-a", "zz-1-a"];
  for (const [index, id] of ids.entries()) {
    for (const [other, another] of ids.entries()) {
      assert.equal(Math.sign(compareIds(id, another)), Math.sign(index - other), `${id} and ${another}`);
    }
  }
  assert.ok(compareIds("no id", ids[0]!) < 0);
});

test("when a stream was made is told to the microsecond", () => {
  const times = [
    "2026-11-23T14:35:43Z",
    "2026-11-23T14:35:43.000001Z",
    "2026-11-23T14:35:43.00001Z",
    "2026-11-23T14:35:43.1Z",
    "2026-11-23T14:35:43.865223703Z",
    "2026-11-23T14:35:44.0000019Z",
  ];
  const made = times.map((time) => parseInt(incarnation(time), 36));
  assert.deepEqual(made, [...made].sort((a, b) => a - b));
  assert.equal(new Set(made).size, times.length);
  assert.equal(made[0], Date.parse(times[0]!) * 1000);
  assert.notEqual(incarnation("yesterday"), incarnation("today"));
  assert.notEqual(parseId(formatId(incarnation("yesterday"), 1, "0")), undefined);
});

test("a stream's subject takes others as NATS has it", () => {
  const cases: [pattern: string, subject: string, taken: boolean][] = [
    ["a", "a", true],
    ["a", "b", false],
    ["a", "a.b", false],
    ["a.b", "a", false],
    ["a.*", "a.b", true],
    ["a.*", "a.b.c", false],
    ["*.b", "a.b", true],
    ["a.>", "a.b.c", true],
    ["a.>", "a", false],
    [">", "a", true],
  ];
  for (const [pattern, subject, taken] of cases) {
    assert.equal(covers(pattern, subject), taken, `${pattern} and ${subject}`);
  }
});

test("a wrong option is named, with the value", () => {
  const client = { jetstreamManager() {}, publish() {} } as unknown as JetStreamClientLike;
  const wrong: [options: unknown, message: RegExp][] = [
    [{}, /"stream".*undefined/],
    [{ stream: "a.b" }, /"stream".*"a\.b"/],
    [{ stream: "" }, /"stream".*""/],
    [{ stream: "a", subject: "a.*" }, /"subject".*"a\.\*"/],
    [{ stream: "a", subject: "a..b" }, /"subject".*"a\.\.b"/],
    [{ stream: "a", maxMessages: 5 }, /Unknown option "maxMessages" of jetStream: use maxEvents$/],
    [{ stream: "a", subjct: "b" }, /Unknown option "subjct" of jetStream: did you mean "subject"\?$/],
    [{ stream: "a", maxEvents: 0 }, /"maxEvents".*0/],
    [{ stream: "a", maxBytes: 1.5 }, /"maxBytes".*1\.5/],
    [{ stream: "a", maxAge: 99 }, /"maxAge".*99/],
    [{ stream: "a", duplicateWindow: 50 }, /"duplicateWindow".*50/],
    [{ stream: "a", maxAge: 1_000, duplicateWindow: 1_001 }, /"duplicateWindow".*maxAge.*1001/],
    [{ stream: "a", replicas: 6 }, /"replicas".*6/],
    [{ stream: "a", storage: "tape" }, /"storage".*"tape"/],
  ];
  for (const [options, message] of wrong) {
    assert.throws(() => jetStream(client, options as JetStreamOptions), { name: "TypeError", message });
  }
  const noClient = undefined as unknown as JetStreamClientLike;
  assert.throws(() => jetStream(noClient, { stream: "a" }), /jetstream\(connection\).*undefined/);
});
