/**
 * Writes and reads cursors: `<epoch>-<sequence>`, the place where a client stands, and the id of the event at that place.
 *
 * The epoch names one life of the log. It changes when history is lost, in a restart, so that a cursor from an earlier
 * life is told apart and never replays the wrong events.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";

// Untrusted input: nothing longer is even looked at.
const LONGEST = 40;
const PATTERN = /^([0-9a-z]{1,20})-(0|[1-9][0-9]{0,15})$/;

/** What a client asks for that wants all that is kept, instead of an id. */
export const EARLIEST = "earliest";

/** A cursor, read. */
export interface Cursor {
  /** The life of the log it belongs to. */
  readonly epoch: string;
  /** The last event seen; 0 before the first. */
  readonly seq: number;
}

/**
 * A new epoch: the time, so that people can read it, and a random part, so that two processes that start in the same
 * millisecond differ. It is no secret, and Node 18 has no global `crypto`.
 */
export function newEpoch(clock: Clock): string {
  const random = Math.floor(clock.random() * 36 ** 6);
  return clock.now().toString(36) + random.toString(36).padStart(6, "0");
}

/** Writes a cursor as an event id. */
export function formatCursor(epoch: string, seq: number): string {
  return `${epoch}-${seq}`;
}

// A time of these centuries has eight characters in base 36, the random part six.
const SHORTEST_EPOCH = 14;

/** Whether a text could be a cursor of any log's, and not merely a word with a number behind it. */
export function isCursor(text: string): boolean {
  const cursor = parseCursor(text);
  return cursor !== undefined && cursor.epoch.length >= SHORTEST_EPOCH;
}

/** Reads what a client sent, strictly: `undefined` for anything that {@linkcode formatCursor} never wrote. */
export function parseCursor(text: string): Cursor | undefined {
  if (text.length > LONGEST) return undefined;
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const seq = Number(match[2]);
  return Number.isSafeInteger(seq) ? { epoch: match[1]!, seq } : undefined;
}
