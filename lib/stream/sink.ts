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

type Controller = ReadableStreamDefaultController<Uint8Array>;

/**
 * A sink that is a `ReadableStream`, and itself the stream's source: one object and no closure a stream. The stream is made
 * when somebody asks for it, which an adapter may not.
 */
export class BodySink implements Sink {
  readonly #producer: Producer;
  readonly #clock: Clock;
  #body: ReadableStream<Uint8Array> | undefined;
  #controller: Controller | undefined;
  /** Answers the stream's pending pull, after which it pulls again as soon as it is empty. */
  #answerPull: (() => void) | undefined;
  #cutting: CloseReason | undefined;
  /** All that was written, until the body has been emptied for the first time. */
  #written: Uint8Array[] | undefined = [];
  /** How it has ended. */
  #ending: ((controller: Controller) => void) | undefined;
  /** The reader went away: there is nothing to close, and to be told so by an error takes a tenth of a millisecond. */
  #isCancelled = false;

  constructor(producer: Producer, clock: Clock) {
    this.#producer = producer;
    this.#clock = clock;
  }

  get body(): ReadableStream<Uint8Array> {
    return this.#body ??= new ReadableStream<Uint8Array>(this, STRATEGY);
  }

  /** Whether anybody has asked for it. */
  get hasBody(): boolean {
    return this.#body !== undefined;
  }

  /** The stream calls this, and the next two. */
  start(controller: Controller): void {
    this.#controller = controller;
    for (const chunk of this.#written!) controller.enqueue(chunk);
    this.#ending?.(controller);
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
    return this.#controller === undefined ? this.#written!.length === 0 : this.#controller.desiredSize! > 0;
  }

  get buffered(): number {
    return this.#controller === undefined ? sizeOf(this.#written!) : 1 - this.#controller.desiredSize!;
  }

  write(chunk: Uint8Array): void {
    this.#controller?.enqueue(chunk);
    this.#written?.push(chunk);
  }

  /** All that was written, if nobody reads. */
  get unread(): readonly Uint8Array[] | undefined {
    return this.#written;
  }

  end(): void {
    this.#settle((controller) => controller.close());
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
    this.#settle((controller) => controller.error(cutOff(reason)));
  }

  /** Ends the stream in some way, now or as soon as there is one. */
  #settle(ending: (controller: Controller) => void): void {
    this.#ending = ending;
    if (this.#controller === undefined || this.#isCancelled) return;
    try {
      ending(this.#controller);
    } catch { /* the runtime was first */ }
  }

  /** The runtime took the last words in this very turn, and Bun would throw them away, and the headers with them. */
  async #failSoon(reason: CloseReason): Promise<void> {
    await sleep(this.#clock, 0);
    this.#fail(reason);
  }
}

function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The runtime may print this, and never sends it: one line, since no line of any stack would help. */
function cutOff(reason: CloseReason): Error {
  const error = new Error(`tidings cut an event stream off (reason: ${reason})`);
  error.stack = `Error: ${error.message}`;
  return error;
}
