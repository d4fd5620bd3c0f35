/**
 * Runs the property test of a cluster, for many plans of faults: SEEDS=5000 runs so many of them, SEED=17 that one, AT_ONCE=40
 * so many at a time.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkProperty, type FaultyLog, type Outcome } from "./cluster_property.ts";
import { within } from "./wait.ts";

export interface PlansOptions {
  /** What the test is called by: the engine. */
  readonly name: string;
  /** Why it cannot run. */
  readonly skip?: string | false;
  /** How many plans, if nobody says. */
  readonly count: number;
  /** How many at a time, if nobody says: most of a plan is waiting. */
  readonly atOnce: number;
  /** The longest that a plan may take on the average, in milliseconds. */
  readonly each: number;
  /** Starts what all plans share. */
  start(): Promise<{
    /** A log for one plan. */
    make(): Promise<FaultyLog>;
    stop(): Promise<void>;
  }>;
}

// What starting may take, in milliseconds.
const BEGINNING = 60_000;
// How much later the runner's own limit is, which cannot say what was under way.
const GRACE = 30_000;

export function clusterPlans({ name, skip = false, count, atOnce, each, start }: PlansOptions): void {
  const { SEED, SEEDS = count, AT_ONCE = atOnce } = process.env;
  const seeds = SEED === undefined ? Array.from({ length: Number(SEEDS) }, (_, i) => i) : [Number(SEED)];
  const limit = BEGINNING + each * seeds.length;

  test(`${name}: what was published was received, or a gap told of it: ${seeds.length} plans of faults`, {
    skip,
    timeout: limit + GRACE,
  }, async () => {
    const sum: Outcome = { published: 0, received: 0, gaps: 0, destroyed: 0, doubled: 0 };
    const queue = [...seeds];
    const underWay = new Set<number>();
    const begun = performance.now();
    const { make, stop } = await start();
    try {
      const all = Promise.all(Array.from({ length: Number(AT_ONCE) }, async () => {
        for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
          underWay.add(seed);
          const outcome = await checkProperty(seed, await make());
          underWay.delete(seed);
          for (const key of Object.keys(sum) as (keyof Outcome)[]) sum[key] += outcome[key];
        }
      }));
      await within(all, "all plans are through", limit).catch((error) => {
        // No other is begun.
        const left = queue.splice(0).length;
        throw new Error(`${error.message} (under way: seeds ${[...underWay]}; ${left} were not begun)`, {
          cause: error,
        });
      });
    } finally {
      await stop();
    }
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
    console.log(`${name}, seeds ${seeds[0]} to ${seeds.at(-1)}, ${seconds} s: ${JSON.stringify(sum)}`);
    assert.ok(sum.received > 0);
    assert.ok(sum.gaps > 0 && sum.destroyed > 0 || seeds.length < 10, "the plans did no harm");
  });
}
