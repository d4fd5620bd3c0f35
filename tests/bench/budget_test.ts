// The budget must be able to fail, and one round that was disturbed must not make it fail.
import assert from "node:assert/strict";
import { test } from "node:test";

type Round = Record<"own" | "other", Record<string, number>>;
interface Judge {
  judge(options: {
    limits: Record<string, number>;
    rounds: number;
    more: number;
    measure: (rounds: number) => Promise<Round[]>;
    hasTime?: () => boolean;
  }): Promise<{ ratios: Record<string, number>; rounds: number; over: string[] }>;
  budgetFor(byRuntime: Record<string, number>, name: string): number | undefined;
}

// The bench is a package of its own, in JavaScript.
const path = new URL("../../bench/budget/judge.mjs", import.meta.url).href;
const { judge, budgetFor } = await import(path) as Judge;

/** Judges rounds with these ratios of the figure `cpu`, and tells how many rounds each try had. */
async function judged(tries: number[][], { limit = 1.5, hasTime = true } = {}) {
  const asked: number[] = [];
  const result = await judge({
    limits: { cpu: limit },
    rounds: 3,
    more: 6,
    hasTime: () => hasTime,
    measure: (rounds) => {
      const ratios = tries[asked.length] ?? [];
      asked.push(rounds);
      return Promise.resolve(ratios.map((ratio) => ({ own: { cpu: 2 * ratio }, other: { cpu: 2 } })));
    },
  });
  return { ...result, asked };
}

test("a ratio within its limit passes at once, whatever one round says", async () => {
  const { ratios, over, asked } = await judged([[1, 9, 1.2]]);
  assert.deepEqual({ ratios, over, asked }, { ratios: { cpu: 1.2 }, over: [], asked: [3] });
});

test("a ratio above it is measured once more, and all rounds count", async () => {
  const { ratios, over, asked, rounds } = await judged([[1.6, 1.7, 1], [1, 1.1, 1.2, 1.3, 9, 1.1]]);
  assert.deepEqual({ ratios, over, asked, rounds }, {
    ratios: { cpu: 1.2 },
    over: [],
    asked: [3, 6],
    rounds: 9,
  });
});

test("one that stays above it fails", async () => {
  const { over, asked } = await judged([[1.6, 1.7, 1.8], [1.6, 1.7, 1.8, 1.6, 1, 1.9]]);
  assert.deepEqual({ over, asked }, { over: ["cpu"], asked: [3, 6] });
});

test("one that is no number fails", async () => {
  const { over } = await judged([[NaN, NaN, NaN], [NaN]]);
  assert.deepEqual(over, ["cpu"]);
});

test("without time for a second try the first one counts", async () => {
  const { over, asked } = await judged([[1.6, 1.7, 1]], { hasTime: false });
  assert.deepEqual({ over, asked }, { over: ["cpu"], asked: [3] });
});

test("a runtime's own budget counts, and for a new version of Node the highest of the others", () => {
  const stored = { "node 20": 3, "node 22": 2, bun: 9 };
  assert.equal(budgetFor(stored, "node 22"), 2);
  assert.equal(budgetFor(stored, "node 28"), 3);
  assert.equal(budgetFor(stored, "deno"), undefined);
});
