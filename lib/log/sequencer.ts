/**
 * Defines the contract of a sequencer: it gives the events of a Broadcaster their ids and their order, and finds a reader's place
 * again by such an id.
 *
 * There are two. A Broadcaster that stands alone numbers its events itself (`local_sequencer.ts`). One with a backplane
 * leaves that to the engine, and learns the order by reading (`../cluster/shared_sequencer.ts`). Both put the events into
 * the Broadcaster's log, by its batcher, in that order.
 *
 * @module
 */

import type { Selection } from "./log.ts";
import type { PublishableEvent } from "./typed.ts";

/** A place in the log at which a reader goes on, and what it is told first. */
export interface Start {
  /** The sequence number of the last event that it has. */
  readonly cursor: number;
  /** A `gap` event, a cursor event, or nothing. */
  readonly opening: string;
}

/** A piece of what a {@linkcode Replay} reads. */
export interface ReplayPiece {
  readonly bytes: Uint8Array | undefined;
  readonly events: number;
}

/** Events older than the log, for one reader: they are read from elsewhere, up to a place in the log. */
export interface Replay {
  /**
   * The next piece, or the start in the log, or `undefined` if it has to be waited for: the reader is woken then, or is told
   * a place with which it begins anew.
   */
  next(reader: LogReader): ReplayPiece | Start | undefined;
}

/** A reader of the log: one client, as a sequencer sees it. */
export interface LogReader {
  readonly view: Selection;
  /** Called later if no place could be told at once. */
  begin(place: Start | Replay): void;
  /** The piece that its replay waited for is there. */
  wake(): void;
}

/** Whether events can be published and received. */
export interface Health {
  /** Whether all is well. */
  readonly ok: boolean;
  /** What is wrong. */
  readonly error?: unknown;
}

export interface Sequencer {
  /** How many events were published and have their id. */
  readonly published: number;
  /**
   * Publishes an event.
   *
   * @returns Its id, once it has one.
   * @throws {TidingsError} With code `"invalid-event"`, at once.
   */
  publish(input: PublishableEvent): Promise<string>;
  /**
   * Finds where a reader goes on.
   *
   * @param asked The id that its client sent, untrusted; `undefined` for one that is new.
   * @returns `undefined` if that is not known yet: {@linkcode Sequencer.wait} tells it.
   */
  locate(asked: string | undefined, view: Selection): Start | Replay | undefined;
  /** Tells the reader its place as soon as it is known. */
  wait(reader: LogReader, asked: string | undefined): void;
  /** Forgets a reader: its client has left. */
  forget(reader: LogReader): void;
  health(): Health;
  /** Resolves when all that was published has its id, or has failed. */
  settled(): Promise<void>;
  /** Stops putting events into the log. */
  stop(): void;
}
