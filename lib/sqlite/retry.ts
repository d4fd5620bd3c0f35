/**
 * Tries again while somebody else holds the database's lock, without holding the event loop meanwhile.
 *
 * @module
 */

import { type Clock, sleep, spread } from "../base/clock.ts";
import { explain, isBusy } from "./errors.ts";

/** For how long a lock may be waited for, in milliseconds: less than the caller waits for the answer. */
export const LONGEST_LOCK = 4_000;
// Pauses between attempts, in milliseconds. A commit of another process takes less than one, so it begins with little.
const SHORTEST_PAUSE = 1;
const LONGEST_PAUSE = 20;

export interface Retry {
  readonly clock: Clock;
  /** Whose error it is. */
  readonly name: string;
}

/** The pause before an attempt, in milliseconds, never the same in two processes. */
export function pauseOf(clock: Clock, attempts: number): number {
  return spread(clock, Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** Math.min(attempts, 10)), 0.5, 1.5);
}

/** What the work comes to, once no lock is in its way. Rejects with an explained error. */
export async function retried<T>({ clock, name }: Retry, work: () => T): Promise<T> {
  const deadline = clock.now() + LONGEST_LOCK;
  for (let attempts = 0;; attempts++) {
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || clock.now() >= deadline) throw explain(name, error);
    }
    await sleep(clock, pauseOf(clock, attempts));
  }
}
