/**
 * Encodes the events that tidings sends by itself: a `gap`, and the cursor that gives a client its first id.
 *
 * @module
 */

import { encodeEvent } from "../wire/event.ts";
import { CURSOR, END, GAP } from "../wire/names.ts";
import type { Start } from "./sequencer.ts";

/**
 * Why events may be missing.
 *
 * - `"trimmed"`: the log has dropped them: by count, by size or by age
 * - `"epoch"`: the log began anew, as with a new process: the id is of an earlier life
 * - `"lost"`: with a backplane: the engine has lost its newest events, acknowledged ones too
 * - `"unknown"`: with a backplane: the id could be the engine's, and its log does not hold it
 * - `"invalid"`: the id was never one of this log's
 */
export type GapReason = "trimmed" | "epoch" | "lost" | "unknown" | "invalid";

/** The data of a `gap` event: what was published after `requested`, up to and with `resumedAt`, may not have arrived. */
export interface Gap {
  /** The id after which the client wanted to go on. */
  readonly requested: string;
  /** The id after which it does go on. */
  readonly resumedAt: string;
  /** Why. */
  readonly reason: GapReason;
}

/** The names of events that tidings sends by itself, and nobody else may publish. */
export const RESERVED_NAMES: readonly unknown[] = [GAP, CURSOR, END];

/** A `gap` event. Its id is the place where the client goes on, so that it is told once. */
export function gapFrame(gap: Gap): string {
  return encodeEvent({ event: GAP, id: gap.resumedAt, data: gap });
}

/**
 * An event that no page listens to, which gives a client its place before anything was published. It has a `data` line
 * because Firefox ignores an id without one.
 */
export function cursorFrame(id: string): string {
  if (last?.id !== id) last = { id, frame: encodeEvent({ event: CURSOR, id, data: "" }) };
  return last.frame;
}

/** Until something is published, all who come are given the same one. */
let last: { readonly id: string; readonly frame: string } | undefined;

// How much is echoed of an id that was never ours.
const LONGEST_ECHO = 64;

/** A start at which the client is told that it may have missed something. */
export function startWithGap(asked: string, cursor: number, resumedAt: string, reason: GapReason): Start {
  return { cursor, opening: gapFrame({ requested: asked.slice(0, LONGEST_ECHO), resumedAt, reason }) };
}
