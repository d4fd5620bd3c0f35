// Tests the order of ids: by the number, whatever its length, and then by the tag.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareIds, formatId, parseId } from "../../lib/sqlite/ids.ts";

test("ids are in the order of their numbers, and those of one number differ", () => {
  const ordered = [
    "1-a",
    "1-b",
    "1-b0",
    "2-0",
    "9-zzzzzzz",
    "10-0",
    "999-z",
    "1000-a",
    "1795864500756-1bt2gd3",
  ];
  for (const [i, a] of ordered.entries()) {
    for (const [j, b] of ordered.entries()) {
      assert.equal(Math.sign(compareIds(a, b)), Math.sign(i - j), `${a} and ${b}`);
    }
  }
});

test("an id is what it was made of", () => {
  const id = formatId(12, "a message");
  assert.equal(parseId(id)?.number, 12);
  for (const text of ["", "12", "0-a", "012-a", "12-A", "12-", "-a", "12-12345678", "12345678901234567-a"]) {
    assert.equal(parseId(text), undefined, text);
  }
});
