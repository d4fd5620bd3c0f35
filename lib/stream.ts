/**
 * One client's byte stream: what waits for it, its keepalive, and its end with the reason.
 *
 * Whoever has something to say (a source, a subscription) is its *driver*. The stream asks the driver when the client
 * can take more, and tells it once when the client is gone. Nothing here throws after the end, and nothing becomes an
 * unhandled rejection.
 *
 * @module
 */

import { callHook, report } from "./errors.ts";
import { type Beating, joinHeartbeat, leaveHeartbeat } from "./heartbeat.ts";
import { functionOption, numberOption, wrongOption } from "./options.ts";
import { DEFAULT_KEEPALIVE } from "./runtime.ts";

/**
 * Why a stream ended.
 *
 * - `"client"`: the client left
 * - `"end"`: the source came to its end, or the server closed the stream
 * - `"error"`: the source threw; the error stands beside the reason
 * - `"aborted"`: the option `signal` was aborted
 * - `"overflow"`: more was sent than the client took, past the option `maxBuffer`
 * - `"lagging"`: a subscriber fell too far behind
 * - `"lifetime"`: a subscriber had been there as long as the limit `lifetime` lets it
 */
export type CloseReason = "client" | "end" | "error" | "aborted" | "overflow" | "lagging" | "lifetime";

/** How a stream ended, as the option `onClose` is told. */
export interface CloseInfo {
  /** Why. */
  readonly reason: CloseReason;
  /** What the source threw, with the reason `"error"`. It is for the operator: the client is told nothing of it. */
  readonly error?: unknown;
  /** What was still in the history for a subscriber that was cut off, with the reason `"lagging"`. */
  readonly waiting?: { readonly events: number; readonly bytes: number };
}

/** What every event stream can be told, by {@linkcode createSSEResponse} and by `subscribe` alike. */
export interface StreamOptions {
  /**
   * Milliseconds between keepalive comments, which keep proxies and idle time-outs from ending a quiet stream; `false`
   * for none. Default: 15,000, and 5,000 on Bun, whose default idle time-out ends a stream after 8 s of silence.
   */
  keepalive?: number | false | undefined;
  /** Milliseconds a browser waits before it reconnects. Default: the browser's own, 3 to 5 s. */
  retry?: number | undefined;
  /**
   * Headers of the response, over the defaults `content-type: text/event-stream`,
   * `cache-control: no-cache, no-transform` and `x-accel-buffering: no`.
   */
  headers?: HeadersInit | undefined;
  /** Ends the stream when it is aborted. */
  signal?: AbortSignal | undefined;
  /** Called exactly once when the stream has ended, however it ended. Not called if it never began. */
  onClose?: ((info: CloseInfo) => void) | undefined;
}

/** Who fills a stream. Both are called by the stream alone, and must not throw. */
export interface Driver {
  /**
   * The client took all that was written: write more. A promise means that the answer is under way; `"idle"` that there
   * is nothing now, and that the driver will call {@linkcode EventStream.wake} when it wants to be asked again.
   */
  pull(): Promise<void> | "idle" | void;
  /** The stream ended. Called once. */
  closed(info: CloseInfo): void;
}

const encoder = new TextEncoder();
const KEEPALIVE = encoder.encode(":\n\n");

export class EventStream implements Beating {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: StreamOptions;
  readonly #request: Request;
  readonly #driver: Driver;
  readonly #keepalive: number;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #wake: (() => void) | undefined;
  #closed = false;
  #truncating: CloseReason | undefined;

  /**
   * The prelude is written at once: Bun and several Node adapters send no headers before the first byte, and without one
   * Firefox fires no `open`. It also keeps a byte order mark from ever being the stream's first character.
   */
  constructor(request: Request, options: StreamOptions, driver: Driver, prelude: Uint8Array) {
    this.#request = request;
    this.#options = options;
    this.#driver = driver;
    this.#keepalive = options.keepalive === false ? 0 : options.keepalive ?? DEFAULT_KEEPALIVE;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        controller.enqueue(prelude);
      },
      pull: () => this.#pull(),
      cancel: () => this.close("client"),
    }, {
      // Counted in bytes, so that what waits is known, and with room for one: the driver is asked for more only when
      // the queue is empty. A stream of kind "bytes" would detach chunks that other clients share.
      highWaterMark: 1,
      size: (chunk) => chunk!.byteLength,
    });
    request.signal.addEventListener("abort", this);
    options.signal?.addEventListener("abort", this);
    if (this.#keepalive > 0) joinHeartbeat(this.#keepalive, this);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the client took all that was written. */
  get hungry(): boolean {
    return !this.#closed && this.#controller.desiredSize! > 0;
  }

  /** Bytes that were written and that the runtime has not yet taken. */
  get buffered(): number {
    return this.#closed ? 0 : 1 - this.#controller.desiredSize!;
  }

  /** Writes a chunk, which may be shared with other streams. Says whether the stream was still open. */
  write(chunk: Uint8Array): boolean {
    if (this.#closed) return false;
    try {
      this.#controller.enqueue(chunk);
      return true;
    } catch {
      // The runtime closed the stream and has not told us yet.
      this.close("client");
      return false;
    }
  }

  /** Asks for another {@linkcode Driver.pull} after an `"idle"` one, once the client has taken all. */
  wake(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** Ends the stream; what was written is still delivered. Only the first call counts. */
  close(reason: CloseReason): void {
    if (!this.#settle({ reason })) return;
    try {
      this.#controller.close();
    } catch { /* the runtime was first */ }
  }

  /**
   * Ends the stream so that the client sees it was cut off: it cannot take a failure for the end. What was written is
   * still delivered, unless `discard` says that the client is not reading anyway.
   */
  truncate(info: CloseInfo, { discard = false }: { discard?: boolean } = {}): void {
    const waiting = this.buffered > 0;
    if (!this.#settle(info)) return;
    if (discard) return this.#cut(info.reason);
    this.#truncating = info.reason;
    if (waiting) this.wake();
    else void this.#cutSoon(info.reason);
  }

  #cut(reason: CloseReason): void {
    try {
      this.#controller.error(cutOff(reason));
    } catch { /* the runtime was first */ }
  }

  /** The runtime took the last words in this very turn, and Bun would throw them away, and the headers with them. */
  #cutSoon(reason: CloseReason): Promise<void> {
    return new Promise((resolve) =>
      setTimeout(() => {
        this.#cut(reason);
        resolve();
      })
    );
  }

  #pull(): Promise<void> | void {
    if (this.#truncating !== undefined) return this.#cutSoon(this.#truncating);
    if (this.#closed) return;
    const answer = this.#driver.pull();
    // While there is nothing to say this stays pending, so that the runtime does not ask again after each delivery.
    return answer === "idle" ? new Promise((resolve) => this.#wake = resolve) : answer;
  }

  /** The one clean-up, whoever noticed the end first. */
  #settle(info: CloseInfo): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.#request.signal.removeEventListener("abort", this);
    this.#options.signal?.removeEventListener("abort", this);
    if (this.#keepalive > 0) leaveHeartbeat(this.#keepalive, this);
    this.#driver.closed(info);
    const { onClose } = this.#options;
    if (onClose !== undefined) callHook("onClose", () => onClose(info));
    else if (info.reason === "error") report("an event stream's source threw", info.error);
    return true;
  }

  /** One of the two signals was aborted. The stream itself is the listener. */
  handleEvent(event: Event): void {
    this.close(event.target === this.#options.signal ? "aborted" : "client");
  }

  /** The heartbeat's call. */
  beat(): void {
    // A client that has not taken what is there needs no proof of life.
    if (this.hungry) this.write(KEEPALIVE);
  }
}

/** What the runtime may print, and never sends: one line, since no line of any stack would help. */
function cutOff(reason: CloseReason): Error {
  const error = new Error(`tidings cut an event stream off (reason: ${reason})`);
  error.stack = `Error: ${error.message}`;
  return error;
}

/**
 * Checks the options that every stream has.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkStreamOptions(options: StreamOptions): void {
  const { keepalive, retry, signal, onClose } = options;
  if (keepalive !== undefined && keepalive !== false) {
    numberOption("keepalive", keepalive, { least: 1, unit: "milliseconds (or false for none)" });
  }
  if (retry !== undefined) numberOption("retry", retry, { least: 0, unit: "milliseconds" });
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw wrongOption("signal", "an AbortSignal", signal);
  }
  functionOption("onClose", onClose);
}

/** Whether there is nobody to stream to: the client left before it began, or the caller's signal says so. */
export function isOver(request: Request, options: StreamOptions): boolean {
  return request.signal.aborted || options.signal?.aborted === true;
}

/** The first bytes of a stream: a comment, and the reconnection time if one was asked for. */
export function prelude(retry: number | undefined): string {
  return retry === undefined ? ":\n\n" : `:\nretry: ${retry}\n\n`;
}
