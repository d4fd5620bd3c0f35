/**
 * The order: who gives the events of a Broadcaster their ids, and finds a client's place again by such an id.
 *
 * There are two. A Broadcaster that stands alone numbers its events itself (`local_sequencer.ts`). One with a backplane leaves
 * that to the engine, and learns it by reading (`../cluster/shared_sequencer.ts`). What goes out is in both cases what the
 * order hands on, in the order in which it does.
 *
 * @module
 */

import { encodeEvent } from "../wire/event.ts";
import type { Selection } from "./log.ts";
import type { PublishableEvent } from "./draft.ts";

/** Why events may be missing: they were dropped from the log, the log began anew, or the id was never one of ours. */
export type GapReason = "trimmed" | "epoch" | "invalid";

/** The data of a `gap` event: what was published after `requested`, up to and with `resumedAt`, may not have arrived. */
export interface Gap {
  /** The id after which the client wanted to go on. */
  readonly requested: string;
  /** The id after which it does go on. */
  readonly resumedAt: string;
  /** Why. */
  readonly reason: GapReason;
}

/** Where a client starts, and what it is told first. */
export interface Start {
  readonly cursor: number;
  /** A `gap` event, a cursor event, or nothing. */
  readonly opening: string;
}

/** What is older than the log, for one client: it is read from elsewhere, and ends at a place in the log. */
export interface Replay {
  /** The next bytes, the start in the log, or `undefined` if it has to be waited for: `wake()` is called then. */
  next(): { readonly bytes: Uint8Array | undefined; readonly events: number } | Start | undefined;
}

/** A client that is to be given a place. */
export interface LogReader {
  /** The id that it sent, untrusted; `undefined` for one that is new. */
  readonly asked: string | undefined;
  readonly view: Selection;
  /** Called later if no place could be told at once. */
  place(place: Start | Replay): void;
  /** What its replay waited for is there. */
  wake(): void;
}

/** Whether events can be published and received. */
export interface Health {
  /** Whether all is well. */
  readonly ok: boolean;
  /** What is wrong. */
  readonly error?: unknown;
}

/** See the head of this file. */
export interface Sequencer {
  /**
   * Publishes an event.
   *
   * @returns Its id, once it has one.
   * @throws {TidingsError} With code `"invalid-event"`, at once.
   */
  publish(input: PublishableEvent): Promise<string>;
  /** Where the client goes on, or `undefined` if that will be known later. */
  place(reader: LogReader): Start | Replay | undefined;
  /** The client has left before it was given a place. */
  forget(reader: LogReader): void;
  health(): Health;
  /** Resolves when all that was published has its id, or has failed. */
  settled(): Promise<void>;
  /** Stops handing events on. */
  stop(): void;
}

/** A `gap` event. Its id is the place where the client goes on, so that it is told once. */
export function gapFrame(gap: Gap): string {
  return encodeEvent({ event: "gap", id: gap.resumedAt, data: gap });
}

/**
 * An event that no page listens to, which gives a client its place before anything was published. It has a `data` line
 * because Firefox ignores an id without one.
 */
export function cursorFrame(id: string): string {
  return encodeEvent({ event: "tidings-cursor", id, data: "" });
}

// What is echoed of an id that was never ours.
const LONGEST_ECHO = 64;

/** A start at which the client is told that it may have missed something. */
export function startWithGap(asked: string, cursor: number, resumedAt: string, reason: GapReason): Start {
  return { cursor, opening: gapFrame({ requested: asked.slice(0, LONGEST_ECHO), resumedAt, reason }) };
}
