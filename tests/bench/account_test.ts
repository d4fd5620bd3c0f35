// The fault run's account must be able to fail: it is fed what a broken library would deliver.
import assert from "node:assert/strict";
import { test } from "node:test";

interface Row {
  readonly acknowledged: number;
  readonly received: number;
  readonly gaps: number;
  readonly doubled: number;
  readonly outOfOrder: number;
  readonly lost: number;
}

interface Account {
  publisher(source: string, runtime: string): void;
  acknowledged(source: string, number: number, id: string): void;
  reader(): {
    placed(id: string): void;
    received(source: string, number: number, id: string, runtime: string): void;
    gap(resumedAt: string, runtime: string): void;
  };
  settle(): { rows: Record<string, Row>; all: Row; told: number; examples: string[] };
}

// The bench is a package of its own, in JavaScript.
const path = new URL("../../bench/chaos/account.mjs", import.meta.url).href;
const { Account } = await import(path) as { Account: new () => Account };

/** Five events of one publisher, all acknowledged, and what a reader that was there from the start received of them. */
function settle(...steps: (number | "gap to 2" | "gap to 3")[]) {
  const account = new Account();
  account.publisher("a", "node");
  for (let n = 0; n < 5; n++) account.acknowledged("a", n, `100-${n}`);
  const reader = account.reader();
  reader.placed("99-0");
  for (const step of steps) {
    if (typeof step === "number") reader.received("a", step, `100-${step}`, "bun");
    else reader.gap(`100-${step.slice(-1)}`, "deno");
  }
  const { all, told, examples, rows } = account.settle();
  const { doubled, outOfOrder, lost } = all;
  return { doubled, outOfOrder, lost, told, examples, rows, all };
}

const faults = ({ doubled, outOfOrder, lost, told }: ReturnType<typeof settle>) => ({
  doubled,
  outOfOrder,
  lost,
  told,
});
const NONE = { doubled: 0, outOfOrder: 0, lost: 0, told: 0 };

test("a whole sequence has no fault, and each figure stands with the runtime that it is of", () => {
  const settled = settle(0, 1, 2, 3, 4);
  assert.deepEqual(faults(settled), NONE);
  assert.deepEqual(settled.examples, []);
  assert.equal(settled.rows.node!.acknowledged, 5);
  assert.equal(settled.rows.bun!.received, 5);
  assert.deepEqual(settled.all, {
    acknowledged: 5,
    received: 5,
    gaps: 0,
    doubled: 0,
    outOfOrder: 0,
    lost: 0,
  });
});

test("an event that comes twice is doubled, at once or later", () => {
  assert.deepEqual(faults(settle(0, 1, 1, 2, 3, 4)), { ...NONE, doubled: 1 });
  const settled = settle(0, 1, 2, 3, 0, 4);
  assert.deepEqual(faults(settled), { ...NONE, doubled: 1 });
  assert.deepEqual(settled.examples, ["reader 0, bun: a:0 at 100-0 came again, after a:3 at 100-3"]);
});

test("events that changed places are out of order, and not lost", () => {
  const settled = settle(0, 2, 1, 3, 4);
  assert.deepEqual(faults(settled), { ...NONE, outOfOrder: 1 });
  assert.deepEqual(settled.examples, ["reader 0, bun: a:1 at 100-1 came after a:2 at 100-2"]);
});

test("an acknowledged event between two others that never came is lost", () => {
  const settled = settle(0, 1, 3, 4);
  assert.deepEqual(faults(settled), { ...NONE, lost: 1 });
  assert.deepEqual(settled.examples, [
    "reader 0, bun: a:2 at 100-2 was lost between a:1 at 100-1 and a:3",
  ]);
});

test("what is missing at the beginning or at the end is lost, too", () => {
  assert.deepEqual(faults(settle(2, 3, 4)), { ...NONE, lost: 2 });
  assert.deepEqual(faults(settle(0, 1, 2)), { ...NONE, lost: 2 });
});

test("a gap excuses what it covers, and no more", () => {
  assert.deepEqual(faults(settle(0, "gap to 2", 3, 4)), { ...NONE, told: 2 });
  assert.deepEqual(faults(settle(0, "gap to 2", 4)), { ...NONE, told: 2, lost: 1 });
  // Told too late.
  assert.deepEqual(faults(settle(0, 3, "gap to 3", 4)), { ...NONE, lost: 2 });
  // The entry at which it goes on may come all the same.
  assert.deepEqual(faults(settle(0, "gap to 2", 2, 3, 4)), { ...NONE, told: 1 });
});

test("a lost event is found by the log's order, also when its publisher is gone for good", () => {
  const account = new Account();
  account.publisher("killed", "node");
  account.publisher("other", "bun");
  account.acknowledged("killed", 0, "100-0");
  account.acknowledged("other", 0, "101-0");
  const reader = account.reader();
  reader.placed("99-0");
  reader.received("other", 0, "101-0", "bun");
  assert.equal(account.settle().all.lost, 1);
});

test("an event whose publisher counts backwards is out of order, whatever its id", () => {
  const account = new Account();
  account.publisher("a", "node");
  const reader = account.reader();
  reader.received("a", 1, "100-0", "node");
  reader.received("a", 0, "101-0", "node");
  assert.equal(account.settle().all.outOfOrder, 1);
});

test("what was not acknowledged is owed to nobody, and a new reader is owed nothing that was before it", () => {
  const account = new Account();
  account.publisher("a", "node");
  account.acknowledged("a", 0, "100-0");
  account.acknowledged("a", 3, "103-0");
  const reader = account.reader();
  reader.placed("100-0");
  reader.received("a", 3, "103-0", "node");
  const late = account.reader();
  late.received("a", 3, "103-0", "node");
  // 1 was refused, and arrived at one reader all the same.
  reader.received("a", 4, "104-0", "node");
  const { all } = account.settle();
  assert.deepEqual([all.received, all.lost, all.doubled, all.outOfOrder], [3, 0, 0, 0]);
});

test("of an event that was sent twice the copy that was received is the place, not the one that was acknowledged", () => {
  const account = new Account();
  account.publisher("a", "node");
  account.acknowledged("a", 0, "105-0");
  account.acknowledged("a", 1, "102-0");
  const reader = account.reader();
  reader.placed("99-0");
  reader.received("a", 0, "101-0", "node");
  reader.received("a", 1, "102-0", "node");
  const other = account.reader();
  other.placed("99-0");
  other.received("a", 1, "102-0", "node");
  assert.deepEqual(account.settle().all.lost, 1);
});
