// Tests the order of ids: by the number, and then by the time, each of whatever length.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareIds, isLogId } from "../../lib/postgres/ids.ts";

test("ids are in the order of their numbers, and of their times where the numbers are the same", () => {
  const ordered = [
    "1-9",
    "1-10",
    "2-1",
    "9-999",
    "10-1",
    "10-2",
    "10-10",
    "999-1",
    "1000-1",
    "9223372036854775807-1",
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assert.equal(Math.sign(compareIds(a, b)), Math.sign(i - j), `${a} and ${b}`);
    }
  }
});

test("what is no id is told from one", () => {
  assert.ok(isLogId("9223372036854775807-999999999999999"));
  for (const text of ["", "1", "0-1", "1-0", "01-1", "9223372036854775808-1", "1-1000000000000000", "1-a"]) {
    assert.equal(isLogId(text), false, text);
  }
});
