/**
 * Plays plans by their seeds, some at a time, and sums up what they came to: TIDINGS_PLANS=2000 says how many, TIDINGS_SEED=17
 * with which it begins, TIDINGS_AT_ONCE=8 how many at a time.
 *
 * @module
 */

import { test } from "node:test";
import process from "node:process";
import { runtime } from "./runtime.ts";
import { within } from "./wait.ts";

/** What came of plans, by what is counted. */
type Figures = { [name: string]: number };

/** Plays one plan after the other. */
export interface Player<F> {
  play(seed: number): Promise<F>;
  stop(): Promise<void>;
}

/** A plan, made from a seed. */
export interface SeededPlan<F> {
  play(): Promise<F>;
  end(): Promise<void>;
}

// The longest that one plan may take, in milliseconds. What it waits for has shorter limits of its own.
const LONGEST_PLAN = 60_000;

/** Plays a plan and ends it, and says with what seed it failed. */
export async function playPlan<F>(seed: number, plan: SeededPlan<F>): Promise<F> {
  try {
    return await within(plan.play(), "the plan is through", LONGEST_PLAN);
  } catch (cause) {
    throw new Error(`Seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  } finally {
    await plan.end();
  }
}

export interface SeededPlansOptions<F> {
  /** What the test is called by. */
  readonly name: string;
  /** Why it cannot run. */
  readonly skip?: string | false;
  /** How many plans, if nobody says. */
  readonly count: number;
  /** How many at a time, if nobody says. */
  readonly atOnce: number;
  /** The longest that a plan may take on the average, in milliseconds. */
  readonly each: number;
  /** Starts what all plans share. */
  start(): Promise<{ makePlayer(): Player<F> | Promise<Player<F>>; stop(): Promise<void> }>;
}

// What starting may take, and how much later the runner's own limit is, which cannot say what was under way; in milliseconds.
const BEGINNING = 60_000;
const GRACE = 30_000;
// The first seed, if nobody says: each runtime plays others.
const FIRST = { node: 1, bun: 100_001, deno: 200_001 };
// How often a long run tells how far it is, in milliseconds.
const TELL = 10_000;

export function seededPlans<F extends object>(
  { name, skip = false, count, atOnce, each, start }: SeededPlansOptions<F>,
): void {
  const {
    TIDINGS_PLANS: plans = count,
    TIDINGS_SEED: first = FIRST[runtime],
    TIDINGS_AT_ONCE: lanes = atOnce,
  } = process.env;
  const seeds = Array.from({ length: Number(plans) }, (_, i) => Number(first) + i);
  const isLong = seeds.length > count;
  const limit = BEGINNING + each * seeds.length;

  test(`${name}: ${seeds.length} plans`, { skip, timeout: limit + GRACE }, async () => {
    const sum: Figures = {};
    const queue = [...seeds];
    const underWay = new Set<number>();
    const begun = performance.now();
    const seconds = () => ((performance.now() - begun) / 1_000).toFixed(1);
    let told = begun;
    const { makePlayer, stop } = await start();
    const play = async () => {
      const player = await makePlayer();
      try {
        for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
          underWay.add(seed);
          for (const [key, value] of Object.entries(await player.play(seed))) {
            sum[key] = (sum[key] ?? 0) + Number(value);
          }
          underWay.delete(seed);
          if (!isLong || performance.now() - told < TELL) continue;
          told = performance.now();
          console.error(
            `${seeds.length - queue.length - underWay.size} plans, ${seconds()} s: ${JSON.stringify(sum)}`,
          );
        }
      } catch (error) {
        // No other is begun.
        queue.length = 0;
        throw error;
      } finally {
        await player.stop();
      }
    };
    try {
      const all = Array.from({ length: Math.min(Number(lanes), seeds.length) }, play);
      const outcomes = await within(Promise.allSettled(all), "all plans are through", limit).catch(
        (error) => {
          const left = queue.splice(0).length;
          throw new Error(`${error.message} (under way: seeds ${[...underWay]}; ${left} were not begun)`, {
            cause: error,
          });
        },
      );
      for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
    } finally {
      await stop();
    }
    console.log(`seeds ${seeds[0]} to ${seeds.at(-1)}, ${seconds()} s: ${JSON.stringify(sum)}`);
  });
}
