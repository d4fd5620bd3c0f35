/**
 * Where a client that says what it has seen goes on.
 *
 * @module
 */

import { formatCursor, parseCursor } from "./cursor.ts";
import type { EventLog, Selection } from "./log.ts";
import type { Gap, GapReason } from "./subscriber.ts";

// What is echoed of an id that was never ours.
const LONGEST_ECHO = 64;

/**
 * Decides from which place in the log a client is served, and whether it must be told of a gap.
 *
 * @param asked The id it sent, untrusted; `undefined` for a client that is new.
 */
export function resume(
  asked: string | undefined,
  epoch: string,
  log: EventLog,
  selection: Selection,
): { cursor: number; gap?: Gap } {
  if (asked === undefined) return { cursor: log.tip };
  const position = parseCursor(asked);
  const after = (cursor: number, reason: GapReason) => ({
    cursor,
    gap: { requested: asked.slice(0, LONGEST_ECHO), resumedAt: formatCursor(epoch, cursor), reason },
  });
  // Not an id of any log, so nothing can be said of what was missed: it goes on with what is new.
  if (position === undefined) return after(log.tip, "invalid");
  // All of this life of the log is new to it.
  if (position.epoch !== epoch) return after(log.oldest - 1, "epoch");
  if (position.seq > log.tip) return after(log.tip, "invalid");
  if (log.missed(position.seq, selection)) return after(log.oldest - 1, "trimmed");
  return { cursor: position.seq };
}
