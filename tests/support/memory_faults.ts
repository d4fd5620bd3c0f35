/**
 * Makes a log in memory with the faults that the property test of a cluster asks for.
 *
 * @module
 */

import type { Backplane } from "../../lib/cluster/backplane.ts";
import type { FaultyLog } from "./cluster_property.ts";
import { MemoryLog } from "./memory_backplane.ts";
import type { Random } from "./random.ts";
import { sleep } from "./wait.ts";

// How long before or after a reading a node that is late waits, in milliseconds, at most.
const LATE = 8;
// Of so many losses each gives ids of its own. A power of two, so that adding 1 keeps the fraction exact.
const LOSSES = 64;

/** A log whose ids only grow, as Redis's do, which tells with a wait what there is, and of which all nodes hear at once. */
export function faultyMemoryLog(): FaultyLog {
  const log = new MemoryLog();
  log.readsAhead = true;
  return faultyLog(log, {
    join: () => log.backplane(),
    trim: (keep) => log.trim(keep),
    loseTail: (count) => log.loseTail(count),
  });
}

/**
 * A log that gives the places which it has lost to others, whose ids are told apart, as JetStream does; and each node hears of
 * it after a time of its own.
 */
export function faultyMemoryLogOfPlaces(random: Random): FaultyLog {
  const log = new MemoryLog();
  log.readsAhead = random.below(2) === 0;
  let losses = 0;
  let survivor: string | undefined;
  const faulty = faultyLog(log, {
    join: () => late(log.backplane(), random),
    // An empty log would say of no place whether it was given already.
    trim: (keep) => log.trim(Math.max(1, keep)),
    loseTail(count) {
      if (log.entries.length === 0) return;
      log.loseTail(Math.min(count, log.entries.length - 1));
      survivor = log.entries[log.entries.length - 1]!.id;
      // Some of them are before the lost ids of the same places, and some after.
      log.next = Math.floor(Number(survivor)) + 1 + (++losses * 29 % LOSSES) / LOSSES;
    },
  });
  return Object.defineProperty(faulty, "survivor", { get: () => survivor });
}

function faultyLog(
  log: MemoryLog,
  { join, trim, loseTail }: { join(): Backplane; trim(keep: number): void; loseTail(count: number): void },
): FaultyLog {
  const change = (run: () => void) => {
    const before = log.entries.slice();
    run();
    const left = new Set(log.entries);
    return Promise.resolve(before.filter((entry) => !left.has(entry)));
  };
  return {
    join,
    dump: () => Promise.resolve(log.entries),
    trim: (keep) => change(() => trim(keep)),
    loseTail: (count) => change(() => loseTail(count)),
    wipe: () => change(() => log.wipe()),
    disconnect: () => Promise.resolve(log.disconnect()),
    loseAcks: (count) => log.loseAcks(count),
    isQuiet: () => Promise.resolve(log.readers === 0),
    close: () => Promise.resolve(),
  };
}

/** Readings, those of the follower and those of the archive, begin late, and like what a wait brings are handed on late. */
function late(backplane: Backplane, random: Random): Backplane {
  const open = async () => {
    const reader = await backplane.open();
    const range = reader.range.bind(reader);
    reader.range = async (...args) => {
      await sleep(random.below(LATE));
      const entries = await range(...args);
      await sleep(random.below(LATE));
      return entries;
    };
    const wait = reader.wait.bind(reader);
    reader.wait = async (...args) => {
      const entries = await wait(...args);
      if (entries !== undefined) await sleep(random.below(LATE));
      return entries;
    };
    return reader;
  };
  return { ...backplane, open };
}
