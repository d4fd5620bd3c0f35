/**
 * Gives the faces of a stream towards whoever started it: {@linkcode StreamHandle} and {@linkcode StreamJob}.
 *
 * @module
 */

import type { EventInput } from "../wire/event.ts";
import { toFrame } from "./event.ts";
import type { StreamStatus } from "./options.ts";
import type { Run, StreamEnd } from "./run.ts";

/** A stream that was started. */
export interface StreamHandle {
  /** What it was started under. */
  readonly id: string;
  /** Whether it was running already, and this is only another handle of it. */
  readonly joined: boolean;
  /**
   * Resolves when the stream has ended, and all of it is stored; never rejects. Of one that was joined it takes to the end of
   * its events, which are read for that, and count as read.
   */
  readonly done: Promise<StreamEnd>;
}

/** A stream whose events are appended by hand: see {@linkcode ResumableStreams.open}. */
export interface StreamJob {
  /** What it was opened under. */
  readonly id: string;
  /** Aborted when the stream ends before {@linkcode StreamJob.end} is called: it was stopped, abandoned or lost. */
  readonly signal: AbortSignal;
  /** Whether the stream has not ended. */
  readonly open: boolean;
  /** Resolves when the stream has ended; never rejects. */
  readonly done: Promise<StreamEnd>;
  /**
   * Appends an event. Resolves with its id when it is stored, and rejects with `"stream-ended"` if the stream ended before.
   *
   * @throws {TidingsError} `"invalid-event"`, if it cannot be sent unchanged; `"stream-behind"`, if more than the limit
   * `pending` waits for the store, which does not happen to whoever waits for each.
   */
  append(event: EventInput): Promise<string>;
  /** Waits until the store has all that was appended. Never rejects; `false` if the stream has ended. */
  ready(): Promise<boolean>;
  /** Ends the stream as `"complete"`, after what was appended. Resolves with what it came to. */
  end(): Promise<StreamEnd>;
  /** Ends the stream as `"failed"`. The error is told to the operator (`onError`), and never to readers. */
  fail(error: unknown): Promise<StreamEnd>;
}

/** What a handle needs to find out how a stream ends that somebody else runs. */
export interface StreamsToRead {
  read(id: string): AsyncIterable<unknown>;
  status(id: string): Promise<StreamStatus | undefined>;
}

/** A handle of a stream that somebody else runs. */
export class JoinedStream implements StreamHandle {
  readonly joined = true;
  readonly id: string;
  readonly #streams: StreamsToRead;
  #done: Promise<StreamEnd> | undefined;

  constructor(streams: StreamsToRead, id: string) {
    this.#streams = streams;
    this.id = id;
  }

  /** Read only when it is asked for: it would count as a reader. */
  get done(): Promise<StreamEnd> {
    return this.#done ??= this.#wait();
  }

  async #wait(): Promise<StreamEnd> {
    try {
      for await (const _ of this.#streams.read(this.id));
      const status = await this.#streams.status(this.id);
      if (status !== undefined && status.state !== "running") {
        return { state: status.state, events: status.events, reason: status.reason };
      }
    } catch (error) {
      return { state: "lost", events: 0, error };
    }
    return { state: "lost", events: 0 };
  }
}

/** The face of a run whose events are appended by hand. */
export function jobOf(run: Run, end: string | false): StreamJob {
  return {
    id: run.id,
    signal: run.signal,
    done: run.finished,
    get open() {
      return run.open;
    },
    append: (event) => run.append(toFrame(event, end)),
    ready: () => run.room(0),
    end() {
      run.end("complete");
      return run.finished;
    },
    fail(error) {
      run.fail(error);
      return run.finished;
    },
  };
}
