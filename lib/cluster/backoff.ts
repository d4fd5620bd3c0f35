/**
 * Spaces the attempts to reach an engine, and bounds each of them in time.
 *
 * @module
 */

import { type Clock, sleep, spread, within } from "../base/clock.ts";
import { type Backplane, type BackplaneReader, LONGEST_WAIT } from "./backplane.ts";

// The longest that a call may take that does not wait for anything, and how much longer than promised one may take that
// does, before the connection is taken for dead; in milliseconds.
const CALL_TIMEOUT = 5_000;
const GRACE = 2_000;

const SHORTEST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** Opens a reader whose calls reject when they take too long. */
export async function openReader(backplane: Backplane, clock: Clock): Promise<BackplaneReader> {
  const bounded = <T>(call: Promise<T>, milliseconds = CALL_TIMEOUT): Promise<T> =>
    within(clock, milliseconds, call, () => {
      throw new Error(`no answer within ${milliseconds} ms`);
    });
  const opening = backplane.open();
  let reader: BackplaneReader;
  try {
    reader = await bounded(opening);
  } catch (error) {
    // One that opens after all is not left behind.
    opening.then((late) => late.close(), () => {});
    throw error;
  }
  return {
    range: (from, limit) => bounded(reader.range(from, limit)),
    before: (to, limit) => bounded(reader.before(to, limit)),
    wait: (after) => bounded(reader.wait(after), LONGEST_WAIT + GRACE),
    close: () => reader.close(),
  };
}

/** Resolves after a pause that is longer with each failure in a row, and never the same in two processes. */
export function pauseAfter(failures: number, clock: Clock): Promise<void> {
  const longest = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** Math.min(failures, 10));
  return sleep(clock, spread(clock, longest, 0.5, 1));
}
