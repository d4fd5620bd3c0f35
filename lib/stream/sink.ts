/**
 * Takes one stream's bytes to its client: through a `ReadableStream` that the runtime reads, or, where an adapter can do
 * better, straight into its response.
 *
 * @module
 */

import { type Clock, sleep } from "../base/clock.ts";
import type { CloseReason } from "./options.ts";

/**
 * Takes a stream's bytes, and asks its {@linkcode Producer} for more.
 *
 * The two keep to this: while there is room the sink asks, until the producer says that it has nothing. From then on the
 * sink asks only after {@linkcode Sink.wake}. A producer may also write unasked, as long as there is room.
 */
export interface Sink {
  /** Whether all that was written has been taken. */
  readonly hasRoom: boolean;
  /** Bytes that were written and not yet taken. */
  readonly buffered: number;
  /** Takes a chunk, which may be shared with other sinks. Throws if the other side has ended. */
  write(chunk: Uint8Array): void;
  /** The regular end, after what was written. */
  end(): void;
  /** The end of a stream that failed, after what was written, or at once if `discard` is set. */
  cut(reason: CloseReason, discard: boolean): void;
  /** The producer may have more again: asks it, now if there is room, or else once there is. Not called while it is asked. */
  wake(): void;
}

/** Writes a stream's bytes when it is asked to. */
export interface Producer {
  /**
   * Writes something and returns `true`, or returns `false` if there is nothing now. A producer that has ended its stream
   * may return either. Must not throw.
   */
  pull(): boolean;
  /** The reader went away. */
  cancelled(): void;
}

// Counted in bytes, so that what waits is known, and with room for one: more is asked for only when the queue is empty. A
// stream of the kind "bytes" would detach chunks that other clients share.
const STRATEGY: QueuingStrategy<Uint8Array> = { highWaterMark: 1, size: (chunk) => chunk!.byteLength };

/** A sink that is a `ReadableStream`, and itself the stream's source: one object and no closure a stream. */
export class BodySink implements Sink {
  readonly body: ReadableStream<Uint8Array>;
  readonly #producer: Producer;
  readonly #clock: Clock;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** Answers the stream's pending pull, after which it pulls again as soon as it is empty. */
  #answerPull: (() => void) | undefined;
  #cutting: CloseReason | undefined;
  /** All that was written, until somebody reads. */
  #written: Uint8Array[] | undefined = [];
  /** The reader went away: there is nothing to close, and to be told so by an error takes a tenth of a millisecond. */
  #isCancelled = false;

  constructor(producer: Producer, clock: Clock) {
    this.#producer = producer;
    this.#clock = clock;
    this.body = new ReadableStream<Uint8Array>(this, STRATEGY);
  }

  /** The stream calls this, and the next two. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  pull(): Promise<void> | void {
    // It is empty, so what was written has been taken.
    this.#written = undefined;
    if (this.#cutting !== undefined) return this.#failSoon(this.#cutting);
    // A stream that was given nothing would not pull again; and while there is nothing to say this stays pending, so that
    // the runtime does not ask after each event that is written unasked.
    if (!this.#producer.pull()) return new Promise((resolve) => this.#answerPull = resolve);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#producer.cancelled();
  }

  get hasRoom(): boolean {
    return this.#controller.desiredSize! > 0;
  }

  get buffered(): number {
    return 1 - this.#controller.desiredSize!;
  }

  write(chunk: Uint8Array): void {
    this.#controller.enqueue(chunk);
    this.#written?.push(chunk);
  }

  /** All that was written, if nobody has read any of it. */
  get unread(): readonly Uint8Array[] | undefined {
    const written = this.#written?.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return written === this.buffered ? this.#written : undefined;
  }

  end(): void {
    if (this.#isCancelled) return;
    try {
      this.#controller.close();
    } catch { /* the runtime was first */ }
  }

  cut(reason: CloseReason, discard: boolean): void {
    if (discard) return this.#fail(reason);
    this.#cutting = reason;
    if (this.buffered > 0) this.wake();
    else void this.#failSoon(reason);
  }

  wake(): void {
    // No pull is pending, so one is still to come: of a stream that has not been read from yet, or is not empty.
    if (this.#answerPull === undefined) return;
    if (this.#cutting === undefined && this.hasRoom && !this.#producer.pull()) return;
    const answerPull = this.#answerPull;
    this.#answerPull = undefined;
    answerPull();
  }

  #fail(reason: CloseReason): void {
    try {
      this.#controller.error(cutOff(reason));
    } catch { /* the runtime was first */ }
  }

  /** The runtime took the last words in this very turn, and Bun would throw them away, and the headers with them. */
  async #failSoon(reason: CloseReason): Promise<void> {
    await sleep(this.#clock, 0);
    this.#fail(reason);
  }
}

/** The runtime may print this, and never sends it: one line, since no line of any stack would help. */
function cutOff(reason: CloseReason): Error {
  const error = new Error(`tidings cut an event stream off (reason: ${reason})`);
  error.stack = `Error: ${error.message}`;
  return error;
}
