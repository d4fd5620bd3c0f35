/**
 * A clock that a test turns by hand, in the place of the global one.
 *
 * @module
 */
import { sleep } from "./wait.ts";

const { clearTimeout, setTimeout } = globalThis;
const { now } = performance;
const { random } = Math;

export interface HandClock {
  /** Lets time pass: calls back for each timer that is due. */
  pass(milliseconds: number): Promise<void>;
  /** How many timers are set. */
  pending(): number;
}

/** Puts a clock in the place of the global one, and of chance, until {@linkcode restoreClock}. */
export function handClock(chance: () => number): HandClock {
  let time = 0;
  const timers = new Map<number, [at: number, callback: () => void]>();
  let count = 0;
  replace({
    now: () => time,
    random: chance,
    setTimeout: (callback: () => void, milliseconds: number) => {
      // Node's fetch and Bun's HTTP server set timers of their own through the same global.
      const caller = new Error().stack?.split("\n")[2] ?? "";
      if (caller.includes("node:")) return setTimeout(callback, milliseconds);
      timers.set(++count, [time + milliseconds, callback]);
      return count;
    },
    clearTimeout: (timer: unknown) => {
      if (!timers.delete(timer as number)) clearTimeout(timer as number);
    },
  });
  return {
    pending: () => timers.size,
    async pass(milliseconds) {
      // What is under way gets to set its timers first.
      await sleep(5);
      time += milliseconds;
      for (const [key, [at, callback]] of [...timers]) {
        if (at <= time && timers.delete(key)) callback();
      }
      await sleep(5);
    },
  };
}

/** Puts the real clock back. */
export function restoreClock(): void {
  replace({ now, random, setTimeout, clearTimeout });
}

function replace(
  { now, random, ...timers }: { now: unknown; random: unknown; setTimeout: unknown; clearTimeout: unknown },
): void {
  Object.assign(globalThis, timers);
  Object.assign(Math, { random });
  Object.defineProperty(performance, "now", { value: now, configurable: true, writable: true });
}
