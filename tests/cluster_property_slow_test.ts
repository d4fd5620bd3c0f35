// SEEDS=5000 runs more of them, SEED=17 that one.
import { test } from "node:test";
import { checkProperty, type FaultyLog, type Outcome } from "./support/cluster_property.ts";
import { MemoryLog } from "./support/memory_backplane.ts";

const seeds = process.env.SEED !== undefined
  ? [Number(process.env.SEED)]
  : Array.from({ length: Number(process.env.SEEDS ?? 200) }, (_, seed) => seed);

function memoryLog(): Promise<FaultyLog> {
  const log = new MemoryLog();
  const change = (run: () => void) => {
    const before = log.entries.slice();
    run();
    const left = new Set(log.entries);
    return Promise.resolve(before.filter((entry) => !left.has(entry)));
  };
  return Promise.resolve({
    join: () => log.backplane(),
    dump: () => Promise.resolve(log.entries),
    trim: (keep) => change(() => log.trim(keep)),
    loseTail: (count) => change(() => log.loseTail(count)),
    wipe: () => change(() => log.wipe()),
    disconnect: () => Promise.resolve(log.disconnect()),
    loseAcks: (count) => log.loseAcks(count),
    isQuiet: () => Promise.resolve(log.readers === 0),
    close: () => Promise.resolve(),
  });
}

async function checkAll(make: () => Promise<FaultyLog>, atOnce: number): Promise<Outcome> {
  const sum: Outcome = { published: 0, received: 0, gaps: 0, destroyed: 0, doubled: 0 };
  const queue = [...seeds];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
      let outcome: Outcome;
      try {
        outcome = await checkProperty(seed, await make());
      } catch (error) {
        if (!process.env.SWEEP) throw error;
        console.log((error as Error).message.slice(0, 3500));
        continue;
      }
      for (const key of Object.keys(sum) as (keyof Outcome)[]) sum[key] += outcome[key];
    }
  }));
  return sum;
}

test(`what was published was received, or a gap told of it: ${seeds.length} plans of faults`, {
  timeout: 600_000,
}, async () => {
  const sum = await checkAll(memoryLog, 20);
  console.log(`seeds ${seeds[0]} to ${seeds.at(-1)}:`, JSON.stringify(sum));
});
