/**
 * Where a stream's bytes go: into a `ReadableStream` that the runtime reads, or, where an adapter can do better, straight
 * into its response.
 *
 * @module
 */

import type { CloseReason } from "./options.ts";

/** Takes a stream's bytes. */
export interface Sink {
  /** Whether all that was written has been taken, and there is room for more. */
  readonly hasRoom: boolean;
  /** Bytes that were written and not yet taken. */
  readonly buffered: number;
  /** Takes a chunk, which may be shared with other sinks. Throws if the other side has ended. */
  write(chunk: Uint8Array): void;
  /** The regular end, after what was written. */
  end(): void;
  /** The end of a stream that failed, after what was written, or at once if `discard` is set. */
  cut(reason: CloseReason, discard: boolean): void;
  /** The answerer has more to write, after it has said `"idle"`. */
  wake(): void;
}

/** Whom a sink asks for more when it has room. */
export interface Answerer {
  /** Writes more, or says `"idle"` if there is nothing until {@linkcode Sink.wake} is called. */
  pull(): "idle" | void;
  /** The reader went away. */
  cancelled(): void;
}

// Counted in bytes, so that what waits is known, and with room for one: more is asked for only when the queue is empty. A
// stream of kind "bytes" would detach chunks that other clients share.
const STRATEGY: QueuingStrategy<Uint8Array> = { highWaterMark: 1, size: (chunk) => chunk!.byteLength };

/** A sink that is a `ReadableStream`, and itself the stream's source, so that there is one object and no closure a stream. */
export class BodySink implements Sink, UnderlyingDefaultSource<Uint8Array> {
  readonly body: ReadableStream<Uint8Array>;
  readonly #answerer: Answerer;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #wake: (() => void) | undefined;
  #asking = false;
  /** Whether it was woken since it last asked, perhaps by the very answer. */
  #awake = false;
  #cutting: CloseReason | undefined;

  /**
   * The prelude is written at once: Bun and several Node adapters send no headers before the first byte, and without one
   * Firefox fires no `open`. It also keeps a byte order mark from ever being the stream's first character.
   */
  constructor(answerer: Answerer, prelude: Uint8Array) {
    this.#answerer = answerer;
    this.body = new ReadableStream<Uint8Array>(this, STRATEGY);
    this.#controller.enqueue(prelude);
  }

  /** The stream's call, and so are the next two. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  pull(): Promise<void> | void {
    if (this.#cutting !== undefined) return this.#failSoon(this.#cutting);
    // While there is nothing to say this stays pending, so that the runtime does not ask again after each delivery.
    if (this.#ask() === "idle") return new Promise((resolve) => this.#wake = resolve);
  }

  cancel(): void {
    this.#answerer.cancelled();
  }

  get hasRoom(): boolean {
    return this.#controller.desiredSize! > 0;
  }

  get buffered(): number {
    return 1 - this.#controller.desiredSize!;
  }

  write(chunk: Uint8Array): void {
    this.#controller.enqueue(chunk);
  }

  end(): void {
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
    if (this.#asking || this.#wake === undefined) {
      this.#awake = true;
      return;
    }
    // A stream that was given nothing does not ask again, so it is not told of a wake that came to nothing.
    if (this.#cutting === undefined && this.hasRoom && this.#ask() === "idle") return;
    const wake = this.#wake;
    this.#wake = undefined;
    wake();
  }

  #ask(): "idle" | void {
    let answer: "idle" | void;
    this.#asking = true;
    do {
      this.#awake = false;
      answer = this.#answerer.pull();
    } while (answer === "idle" && this.#awake);
    this.#asking = false;
    return answer;
  }

  #fail(reason: CloseReason): void {
    try {
      this.#controller.error(cutOff(reason));
    } catch { /* the runtime was first */ }
  }

  /** The runtime took the last words in this very turn, and Bun would throw them away, and the headers with them. */
  #failSoon(reason: CloseReason): Promise<void> {
    return new Promise((resolve) =>
      setTimeout(() => {
        this.#fail(reason);
        resolve();
      })
    );
  }
}

/** What the runtime may print, and never sends: one line, since no line of any stack would help. */
function cutOff(reason: CloseReason): Error {
  const error = new Error(`tidings cut an event stream off (reason: ${reason})`);
  error.stack = `Error: ${error.message}`;
  return error;
}
