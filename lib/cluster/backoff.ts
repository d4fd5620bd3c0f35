/**
 * How long to wait for an engine, and for how long to leave it alone after it failed.
 *
 * @module
 */

import { type Backplane, type BackplaneReader, LONGEST_WAIT } from "./backplane.ts";

// The longest that a call may take that does not wait for anything, and how much longer than promised one may take that
// does, before the connection is taken for dead; in milliseconds.
const CALL_TIMEOUT = 5_000;
const GRACE = 2_000;

const SHORTEST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** Opens a reader whose calls reject when they take too long. */
export async function openReader(backplane: Backplane): Promise<BackplaneReader> {
  const opening = backplane.open();
  let reader: BackplaneReader;
  try {
    reader = await within(opening, CALL_TIMEOUT);
  } catch (error) {
    // One that opens after all is not left behind.
    opening.then((late) => late.close(), () => {});
    throw error;
  }
  return {
    range: (from, limit) => within(reader.range(from, limit), CALL_TIMEOUT),
    before: (to, limit) => within(reader.before(to, limit), CALL_TIMEOUT),
    wait: (after) => within(reader.wait(after), LONGEST_WAIT + GRACE),
    close: () => reader.close(),
  };
}

/** The outcome of a call, or a rejection after `time` milliseconds. What comes of it later is nobody's business. */
function within<T>(call: Promise<T>, time: number): Promise<T> {
  let timer!: ReturnType<typeof setTimeout>;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${time} ms`)), time);
  });
  return Promise.race([call, tooLong]).finally(() => clearTimeout(timer));
}

/** Resolves after a pause that is longer with each failure in a row, and never the same in two processes. */
export function pauseAfter(failures: number): Promise<void> {
  const longest = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** Math.min(failures, 10));
  return new Promise((resolve) => setTimeout(resolve, longest * (1 + Math.random()) / 2));
}
