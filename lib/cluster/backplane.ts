/**
 * Defines the contract of a backplane: what an engine such as Redis Streams or NATS JetStream must offer, so that
 * broadcasters in many processes are one.
 *
 * An engine is a log. It appends entries in one total order, gives each an id, and reads them back from any place. It
 * knows nothing of clients, topics or gaps: all that is done by the Broadcaster, the same way for every engine.
 *
 * There is one way to read, and it overlaps: {@linkcode BackplaneReader.range} begins *with* the entry at which the reader
 * stands. That this entry is still there proves that nothing between it and the next was lost; that it is not tells what
 * was. So no engine is asked whether it lost something, which none of them can answer.
 *
 * @module
 */

import type { TidingsError } from "../base/errors.ts";

/** What is appended. */
export interface BackplaneMessage {
  /**
   * The same for every attempt to append one message, and different for any other. An engine that can refuse a second copy
   * should; any engine must hand it back with the entry, so that the reader leaves out a copy, and recognises an entry that
   * has taken the place and the id of another.
   */
  readonly messageId: string;
  /** The message, as text that must come back unchanged. */
  readonly payload: string;
}

/** What is read. */
export interface BackplaneEntry {
  /** The engine's id, which is also the id of the event that clients receive. */
  readonly id: string;
  /** See {@linkcode BackplaneMessage.messageId}; `undefined` if somebody else appended the entry without one. */
  readonly messageId: string | undefined;
  /** The message, or `undefined` for an entry that is none: see {@linkcode BackplaneReader.before}. */
  readonly payload: string | undefined;
  /** Why an entry without a payload is there, if another program appended it: the operator is told, once. Default: none. */
  readonly foreign?: string | undefined;
}

/**
 * A shared log.
 *
 * Every method may be called again after it failed. A call that hangs is given up by the caller after a time of its own.
 */
export interface Backplane {
  /** What it is, for people who read an error message: "Redis stream market". */
  readonly name: string;
  /**
   * Whether a text could be an id of this engine. The text comes from the network: it is to be checked by a pattern and a
   * length, without asking the engine. Ids are printable ASCII without spaces.
   */
  isId(text: string): boolean;
  /** The order of two ids: negative if `a` is older, 0 if they are the same, positive if `a` is newer. */
  compare(a: string, b: string): number;
  /**
   * Appends a message. Resolves with its id when the engine has acknowledged it, as durably as the engine is set up for,
   * and rejects if it refused; an error with the property `permanent: true` is one that trying again will not mend.
   */
  append(message: BackplaneMessage): Promise<string>;
  /**
   * Opens a reader, over a connection that no other reader's calls can hold up. Rejects if the engine cannot be reached.
   *
   * @param tell Told of what goes wrong beside reading and appending, and hinders neither, once and not each time: that old
   *   entries cannot be trimmed, for instance. An engine that has nothing of the kind leaves it out.
   */
  open(tell?: (error: TidingsError) => void): Promise<BackplaneReader>;
  /** Lets go of what `append()` holds, if it holds anything; whoever appends later may do so. Never throws. */
  close?(): void;
}

/**
 * Reads a shared log. Its methods are called one at a time. After any of them failed or hung the reader is closed, and
 * another one opened.
 */
export interface BackplaneReader {
  /**
   * Reads on from a place, at most `limit` entries, oldest first. The first of them is
   *
   * - the entry `from` itself, if the log still holds it, or, without a payload, if the engine can prove that nothing after
   *   it was lost although it is gone;
   * - or else the newest one before it: the log's end was lost, and with it what came after;
   * - or else the oldest of all: the log's beginning was trimmed, or the whole log is another one.
   *
   * There is always a first entry: an empty log is given one without a payload. `limit` is at least 2, and fewer entries
   * mean that there were no more at some time during the call.
   */
  range(from: string, limit: number): Promise<readonly BackplaneEntry[]>;
  /**
   * Reads back from a place: the newest entries not after `to`, or the newest of all, at most `limit` of them, *oldest
   * first*. Without `to` there is always at least one: an empty log is given an entry without a payload, so that there is a
   * place at which to stand.
   */
  before(to: string | undefined, limit: number): Promise<readonly BackplaneEntry[]>;
  /**
   * Resolves when there is an entry after `after`, or may be, and in any case after a while, at most 2,000 milliseconds;
   * rejects when the connection is lost. A call that takes much longer is taken for one that hangs.
   *
   * An engine that can answer both together, and so saves the way there and back, resolves with what `range(after, limit)`
   * would, as it was at some time during the call. Any other resolves with nothing, and is asked for it.
   */
  wait(after: string, limit: number): Promise<readonly BackplaneEntry[] | void>;
  /** Lets go of the connection, at once, also if it hangs. Calls under way reject or never settle. Never throws. */
  close(): void;
}

/** The longest that {@linkcode BackplaneReader.wait} may take, in milliseconds, as its comment tells whoever brings an engine. */
export const LONGEST_WAIT = 2_000;
