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
