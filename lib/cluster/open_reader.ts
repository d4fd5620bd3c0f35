/**
 * Opens readers of a backplane whose calls reject when they take too long.
 *
 * @module
 */

import type { TidingsError } from "../base/errors.ts";
import type { Patience } from "../base/patience.ts";
import { type Backplane, type BackplaneReader, LONGEST_WAIT } from "./backplane.ts";

// How much longer than promised a call may take that waits for an entry, before the connection is taken for dead; in
// milliseconds.
const GRACE = 2_000;

/** Opens a reader, bounded in time like its calls. What `tell` is told, see {@linkcode Backplane.open}. */
export async function openReader(
  backplane: Backplane,
  patience: Patience,
  tell?: (error: TidingsError) => void,
): Promise<BackplaneReader> {
  const opening = backplane.open(tell);
  let reader: BackplaneReader;
  try {
    reader = await patience.bounded(opening);
  } catch (error) {
    // One that opens after all is not left behind.
    opening.then((late) => late.close(), () => {});
    throw error;
  }
  return {
    range: (from, limit) => patience.bounded(reader.range(from, limit)),
    before: (to, limit) => patience.bounded(reader.before(to, limit)),
    wait: (after, limit) => patience.bounded(reader.wait(after, limit), LONGEST_WAIT + GRACE),
    close: () => reader.close(),
  };
}
