/** Tests the log by itself: its bounds, what is read from where, and what was missed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventLog, type LogEntry } from "../../lib/log/log.ts";
import { turnedClock } from "../support/turned_clock.ts";

test("with more topics than are remembered, what was missed is told exactly for the last, and never less", () => {
  const log = new EventLog({ events: 1, bytes: 1_000, age: Infinity, eventBytes: 1_000 }, turnedClock());
  const count = 35_000;
  for (let i = 1; i <= count; i++) {
    log.append([{ id: `${i}`, topic: `t${i}`, key: undefined, event: undefined, frame: "data: x\n\n" }]);
  }
  // Of each topic one event was published, its number the topic's own, and all but the last are dropped.
  const missed = (topic: number, cursor: number) => {
    return log.missed(cursor, {
      topics: new Set([`t${topic}`]),
      hasMatchers: false,
      sees: () => true,
      matches: () => true,
    });
  };
  for (let topic = 1; topic < count; topic += 7) {
    assert.ok(missed(topic, topic - 1), `the event of topic ${topic}`);
    if (topic > count - 10_000) {
      assert.equal(missed(topic, topic), false, `nothing after it of topic ${topic}`);
    }
  }
});

test("a newer event replaces one with the same key only for those whom it concerns", () => {
  const log = new EventLog({ events: 100, bytes: 10_000, age: Infinity, eventBytes: 1_000 }, turnedClock());
  const publish = (topic: string, key: string | undefined, frame: string) =>
    log.append([{ id: frame, topic, key, event: frame, frame }]);
  publish("a", "k", "a1 ");
  publish("b", "k", "b2 ");
  publish("a", "other", "a3 ");
  publish("b", "k", "b4 ");
  publish("a", undefined, "a5 ");
  const read = (topics: string[], not = "") => {
    const selection = {
      topics: new Set(topics),
      hasMatchers: false,
      sees: (topic: string) => topics.includes(topic),
      matches: (entry: LogEntry) => topics.includes(entry.topic as string) && entry.event !== not,
    };
    const { bytes, events } = log.read(0, selection, 1_000, true);
    assert.equal(log.measure(0, selection, true).events, events);
    return new TextDecoder().decode(bytes);
  };
  assert.equal(read(["a"]), "a1 a3 a5 ");
  assert.equal(read(["b"]), "b4 ");
  assert.equal(read(["b"], "b4 "), "b2 ", "a filter that leaves the newest out");
  assert.equal(read(["a", "b"]), "a3 b4 a5 ");
});

test("the place of an id is found with few comparisons, and with next to none if it is new", () => {
  const log = new EventLog({ events: 500, bytes: 1 << 20, age: Infinity, eventBytes: 1_000 }, turnedClock());
  let compared = 0;
  const compare = (a: string, b: string) => (compared++, Number(a) - Number(b));
  const floor = (id: number) => (compared = 0, log.floor(`${id}`, compare));
  log.restart("0");
  assert.equal(floor(5), log.tip);
  // Every second number is an id.
  for (let i = 2; i <= 2_000; i += 2) {
    log.append([{ id: `${i}`, topic: undefined, key: undefined, event: undefined, frame: "data: x\n\n" }]);
  }
  const before = log.oldest - 1;
  for (let id = 0; id <= 2_003; id++) {
    const expected = Math.min(log.tip, Math.max(before, log.tip - Math.ceil((2_000 - id) / 2)));
    assert.equal(floor(id), expected, `${id}`);
    assert.ok(compared <= 20, `${compared} comparisons for ${id}`);
  }
  floor(2_001);
  assert.equal(compared, 1);
});
