/** Tests the log by itself: its bounds, what is read from where, and what was missed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventLog } from "../../lib/log/log.ts";
import { turnedClock } from "../support/turned_clock.ts";

test("with more topics than are remembered, what was missed is told exactly for the last, and never less", () => {
  const log = new EventLog({ events: 1, bytes: 1_000, age: Infinity, eventBytes: 1_000 }, turnedClock());
  const count = 35_000;
  for (let i = 1; i <= count; i++) {
    log.append([{ id: `${i}`, topic: `t${i}`, key: undefined, event: undefined, frame: "data: x\n\n" }]);
  }
  // Of each topic one event was published, its number the topic's own, and all but the last are dropped.
  const missed = (topic: number, cursor: number) => {
    return log.missed(cursor, { topics: new Set([`t${topic}`]), matches: () => true });
  };
  for (let topic = 1; topic < count; topic += 7) {
    assert.ok(missed(topic, topic - 1), `the event of topic ${topic}`);
    if (topic > count - 10_000) {
      assert.equal(missed(topic, topic), false, `nothing after it of topic ${topic}`);
    }
  }
});
