/**
 * Defines the contract of a store: what an engine such as Redis or NATS JetStream must offer, so that a stream that belongs
 * to one piece of work outlives the process that runs it.
 *
 * A store keeps many small logs, each under an id that the application chose. One process at a time owns a stream, and
 * writes into it; it holds a *token*, which the store compares in the same step as it appends, so that a process that
 * slept through its *lease* cannot write on. Any process may read, and any may end. An end is a part of what is stored,
 * and nothing is ever appended behind it.
 *
 * All times that decide anything are the store's own: the clocks of the processes need not agree.
 *
 * @module
 */

/**
 * How a stream came to its end.
 *
 * - `"complete"`: its source came to its end
 * - `"stopped"`: somebody stopped it
 * - `"abandoned"`: nobody read it for too long
 * - `"failed"`: its source threw
 * - `"lost"`: the process that ran it died, or was away for longer than its lease
 */
export type EndState = "complete" | "stopped" | "abandoned" | "failed" | "lost";

/** What a store knows of a stream besides its events. */
export interface StreamHead {
  /** Names this life of the stream: one that is made later under the same id has another. */
  readonly epoch: string;
  /** Whether it runs, or else how it ended. */
  readonly state: "running" | EndState;
  /** Why it ended, in words, if somebody gave any. */
  readonly reason: string | undefined;
  /** The sequence number of the oldest event kept; `last + 1` if none is kept. */
  readonly first: number;
  /** The sequence number of the newest event; 0 before the first. */
  readonly last: number;
  /** Bytes of all frames that were appended, in UTF-8. */
  readonly bytes: number;
  /** When it was created, in milliseconds since 1970. */
  readonly startedAt: number;
  /** When it ended, if it has. */
  readonly endedAt: number | undefined;
  /** Milliseconds until the owner's lease is over: zero or less if it is. Means nothing after the end. */
  readonly lease: number;
  /** How many times the stream was claimed: see {@linkcode StreamStore.claim}. */
  readonly claims: number;
  /** How many processes watch it, as far as the store can tell. */
  readonly readers: number;
}

/** One stored event. */
export interface StreamRecord {
  /** Its number in the stream: the first has 1. */
  readonly seq: number;
  /** The whole frame, as text of an event stream that ends with a blank line. */
  readonly frame: string;
}

/** What {@linkcode StreamStore.read} gives. */
export interface StreamPage {
  /** How the stream stands. */
  readonly head: StreamHead;
  /** The events after the place that was asked for, oldest first, as many as fit. None if there are no more. */
  readonly records: readonly StreamRecord[];
}

/** Who may write. */
export interface Ownership {
  /** The process, or rather the one object in it, that owns the stream: see {@linkcode StreamStore.own}. */
  readonly owner: string;
  /** Compared at each append. No other stream, and no other claim of this one, has the same. */
  readonly token: string;
  /** Milliseconds for which nobody else may claim the stream. Each append renews it. */
  readonly lease: number;
}

/** What is appended in one step. */
export interface StreamBatch {
  /** The owner's: see {@linkcode Ownership.token}. */
  readonly token: string;
  /** Milliseconds, as above; 0 gives the stream up, so that it is overdue at once. */
  readonly lease: number;
  /** Milliseconds for which the stream can be read after its end, and for which it stays if its owner dies. */
  readonly keep: number;
  /** The sequence number of the first frame. A store that holds it already leaves it out: it is a repetition. */
  readonly first: number;
  /** The frames, one for each event, each with its blank line. None only renews the lease. */
  readonly frames: readonly string[];
  /** Events up to this one may be forgotten. 0 for none. */
  readonly trim: number;
}

/** What an append came to: `written`, with the number of processes that watch the stream, or refused. */
export type Appended =
  | { readonly written: true; readonly readers: number }
  /** The token is not the owner's, or the stream has ended (its head tells how), or there is none (no head). */
  | { readonly written: false; readonly head: StreamHead | undefined };

/** How a stream is to end. */
export interface StreamEnding {
  /** How it ended. */
  readonly state: EndState;
  /** Why, in words. */
  readonly reason?: string | undefined;
  /** Milliseconds for which it can still be read. */
  readonly keep: number;
  /** Ends it only if this is its owner's token. Default: whoever owns it. */
  readonly token?: string | undefined;
  /** Ends it only if its lease is over. */
  readonly overdue?: boolean | undefined;
}

/** Told of what happens to a stream. Its methods must not throw. */
export interface StreamWatcher {
  /** So many frames were appended, the first of which has this sequence number. May be repeated or left out. */
  appended(epoch: string, first: number, frames: readonly string[]): void;
  /** Something else changed, or may have: read. Called once when watching has begun, and after each interruption. */
  changed(): void;
}

/**
 * Keeps streams. One object serves a whole process.
 *
 * Ids are texts of 1 to 200 characters without control characters. Each method that returns a promise rejects if the store
 * cannot be reached, and may then be called again with the same arguments, whether or not the first call has come through;
 * an error with the property `permanent: true` is one that trying again will not mend. A call that hangs is given up by the
 * caller after a time of its own. Whatever is stored goes by itself in time: a process that is killed leaves nothing
 * behind for ever.
 */
export interface StreamStore {
  /** What it is, for people who read an error message: `Redis at the prefix "answers"`. */
  readonly name: string;
  /**
   * Creates a stream, unless one by this id is running and its lease is not over. One that has ended is replaced, and one
   * whose lease is over is first ended, as `"lost"`. Says whether it did; a repeated call with the same token does.
   */
  create(id: string, stream: Ownership & { readonly epoch: string; readonly keep: number }): Promise<boolean>;
  /** Appends events, or only renews the lease, if the token is the owner's and the stream is running. */
  append(id: string, batch: StreamBatch): Promise<Appended>;
  /**
   * Ends a running stream, if what is asked for holds. Resolves with the head as it is then, whoever has ended it, or with
   * `undefined` if there is no such stream.
   */
  end(id: string, ending: StreamEnding): Promise<StreamHead | undefined>;
  /**
   * Makes a running stream whose lease is over one's own, in one step, so that of many who try one succeeds. Resolves with
   * its head, or with `undefined` for the others. A repeated call with the same token succeeds as the first.
   */
  claim(id: string, stream: Ownership & { readonly keep: number }): Promise<StreamHead | undefined>;
  /** The ids of running streams whose lease is over, some of them if there are many. */
  overdue(): Promise<readonly string[]>;
  /**
   * Reads the events after `after`, up to some `bytes` of them, but at least one if there is any; `Infinity` as `after` only
   * asks for the head. Resolves with `undefined` if there is no such stream.
   */
  read(id: string, after: number, bytes: number): Promise<StreamPage | undefined>;
  /**
   * Watches a stream until the function that is returned is called. It counts as one of the stream's readers. What it is
   * told may come late or get lost, but a later sign always shows that: a sequence number that is too high, or `changed`.
   */
  watch(id: string, watcher: StreamWatcher): () => void;
  /**
   * Calls back with the id of each stream of this owner that somebody else has ended or claimed, until the function that is
   * returned is called. It may come late or not at all: the next append tells for certain.
   */
  own(owner: string, listener: (id: string) => void): () => void;
  /** Lets go of the connections. Nothing is called after that but the functions that `watch` and `own` returned. */
  close(): void;
}
