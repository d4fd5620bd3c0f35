// A contender that drops messages is checked for their order all the same.
import assert from "node:assert/strict";
import { test } from "node:test";

// The bench is a package of its own, in JavaScript.
const path = new URL("../../bench/load/decode.mjs", import.meta.url).href;
const { disorderIn } = await import(path) as {
  disorderIn(events: readonly { seq: number }[]): string | undefined;
};

const sequence = (...numbers: number[]) => numbers.map((seq) => ({ seq }));

test("messages may be missing where some are dropped", () => {
  assert.equal(disorderIn(sequence(1, 2, 5, 9)), undefined);
});

test("none may come twice, or before an earlier one", () => {
  assert.equal(disorderIn(sequence(1, 2, 2)), "message 2 came after 2");
  assert.equal(disorderIn(sequence(1, 5, 4)), "message 4 came after 5");
});
