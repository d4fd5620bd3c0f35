// Tests how the cluster's page counts what it received.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Tally } from "../../examples/cluster/tally.js";

const count = (...steps: (number | "gap")[]) => {
  const tally = new Tally();
  for (const step of steps) step === "gap" ? tally.gap() : tally.add(step);
  const { last, received, lost, doubled, gaps } = tally;
  return { last, received, lost, doubled, gaps };
};

test("numbers that follow each other are neither lost nor doubled, wherever they begin", () => {
  assert.deepEqual(count(7, 8, 9), { last: 9, received: 3, lost: 0, doubled: 0, gaps: 0 });
});

test("a hole is lost, and a number that is not new is doubled", () => {
  assert.deepEqual(count(1, 2, 5, 4, 5, 6), { last: 6, received: 6, lost: 2, doubled: 2, gaps: 0 });
});

test("a gap that was told excuses what is missing up to the next number, also a count that begins anew", () => {
  assert.deepEqual(count(1, 2, "gap", 9, 10, 12), { last: 12, received: 5, lost: 1, doubled: 0, gaps: 1 });
  assert.deepEqual(count(500, "gap", 1, 2), { last: 2, received: 3, lost: 0, doubled: 0, gaps: 1 });
});
