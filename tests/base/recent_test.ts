// Tests what is remembered when not all can be: of messages that were read, and of topics of which something was
// dropped.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RecentMap } from "../../lib/base/recent.ts";
import { Random } from "../support/random.ts";

test("at least the last keys are there, with their newest values, and never twice as many", () => {
  const random = new Random(11);
  const most = 8;
  const map = new RecentMap<number, number>(most);
  /** The last keys that were set, the newest last, without those that were deleted. */
  const last = new Map<number, number>();
  for (let i = 0; i < 20_000; i++) {
    const key = random.below(40);
    if (random.below(10) === 0) {
      assert.equal(map.has(key), map.delete(key));
      last.delete(key);
    } else {
      map.set(key, i);
      last.delete(key);
      last.set(key, i);
      if (last.size > most) last.delete([...last.keys()][0]!);
    }
    for (const [kept, value] of last) assert.equal(map.get(kept), value, `key ${kept} at ${i}`);
    let size = 0;
    for (let each = 0; each < 40; each++) {
      if (!map.has(each)) assert.equal(map.get(each), undefined);
      else size++;
    }
    assert.ok(size <= 2 * most, `${size} keys`);
  }
});

test("what was forgotten is told once, and what was pruned is gone", () => {
  const map = new RecentMap<string, number>(2);
  const told: [string, number][] = [];
  for (const [value, key] of [..."abcdef"].entries()) told.push(...map.set(key, value) ?? []);
  assert.deepEqual(told, [["a", 0], ["b", 1]]);
  assert.deepEqual([..."abcdef"].filter((key) => map.has(key)), ["c", "d", "e", "f"]);
  map.prune((value) => value % 2 === 1);
  assert.deepEqual([..."abcdef"].filter((key) => map.has(key)), ["c", "e"]);
});

test("keys that come again and again are never forgotten while there are no more than fit", () => {
  const map = new RecentMap<string, number>(3);
  for (let i = 0; i < 100; i++) assert.equal(map.set("abc"[i % 3]!, i), undefined);
});
