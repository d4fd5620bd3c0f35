/**
 * One client's stream: its keepalive, and its end with the reason.
 *
 * Whoever has something to say (a source, a subscription) is its *driver*. The stream asks the driver when the client
 * can take more, and tells it once when the client is gone. Nothing here throws after the end, and nothing becomes an
 * unhandled rejection.
 *
 * @module
 */

import type { StreamEncoder } from "../wire/coding.ts";
import { type Departure, departureOf, type Watcher } from "./departure.ts";
import { callHook, report } from "../base/errors.ts";
import { type Beating, joinHeartbeat, leaveHeartbeat } from "./heartbeat.ts";
import { DEFAULT_KEEPALIVE } from "../base/runtime.ts";
import { type Answerer, BodySink, type Sink } from "./sink.ts";
import type { CloseInfo, CloseReason, StreamOptions } from "./options.ts";

/** Who fills a stream. Both are called by the stream alone, and must not throw. */
export interface Driver {
  /**
   * The client took all that was written: write more, or close. `"idle"` means that there is nothing now, and that the
   * driver calls {@linkcode EventStream.wake} when it wants to be asked again. It must be one of these: a body that was asked
   * and was given nothing does not ask again.
   */
  pull(): "idle" | void;
  /** The stream ended. Called once. */
  closed(info: CloseInfo): void;
}

const KEEPALIVE = new TextEncoder().encode(":\n\n");

const byBody = new WeakMap<ReadableStream, EventStream>();

/**
 * The stream whose body this is, if it is one of ours and answers a request that carries its {@linkcode Departure}: the
 * adapter that made the request may then {@linkcode EventStream.redirect} the stream. No other could, and a body costs
 * less without an entry here.
 */
export function eventStreamOf(body: ReadableStream): EventStream | undefined {
  return byBody.get(body);
}

export class EventStream implements Answerer, Beating, Watcher {
  readonly #options: StreamOptions;
  readonly #driver: Driver;
  readonly #keepalive: number;
  readonly #encoder: StreamEncoder | undefined;
  /** What tells that the client has left: the adapter, or else the request's signal. */
  readonly #leaving: Departure | Request;
  /** The stream's own sink, until an adapter brings another. */
  #own: BodySink | undefined;
  #sink: Sink;
  #closed = false;

  constructor(
    request: Request,
    options: StreamOptions,
    driver: Driver,
    prelude: Uint8Array,
    encoder?: StreamEncoder,
  ) {
    this.#options = options;
    this.#driver = driver;
    this.#keepalive = options.keepalive === false ? 0 : options.keepalive ?? DEFAULT_KEEPALIVE;
    this.#encoder = encoder;
    const opening = encoder === undefined ? prelude : concat(encoder.head, encoder.encode(prelude));
    this.#sink = this.#own = new BodySink(this, opening);
    this.#leaving = departureOf(request) ?? request;
    if ("watch" in this.#leaving) {
      byBody.set(this.body, this);
      this.#leaving.watch(this);
    } else this.#leaving.signal.addEventListener("abort", this);
    options.signal?.addEventListener("abort", this);
    if (this.#keepalive > 0) joinHeartbeat(this.#keepalive, this);
  }

  /** What a response is made of. Nothing is left of it once the stream was {@linkcode EventStream.redirect}ed. */
  get body(): ReadableStream<Uint8Array> {
    return this.#own!.body;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Whether the client took all that was written. */
  get hungry(): boolean {
    return !this.#closed && this.#sink.hasRoom;
  }

  /** Bytes that were written and that the runtime has not yet taken. */
  get buffered(): number {
    return this.#closed ? 0 : this.#sink.buffered;
  }

  /** Writes a chunk, which may be shared with other streams. Says whether the stream was still open. */
  write(chunk: Uint8Array): boolean {
    if (this.#closed) return false;
    try {
      this.#sink.write(this.#encoder === undefined ? chunk : this.#encoder.encode(chunk));
      return true;
    } catch {
      // The runtime ended the stream and has not told us yet.
      this.close("client");
      return false;
    }
  }

  /** Asks for another {@linkcode Driver.pull} after an `"idle"` one, once the client has taken all. */
  wake(): void {
    this.#sink.wake();
  }

  /** Ends the stream; what was written is still delivered. Only the first call counts. */
  close(reason: CloseReason): void {
    if (!this.#settle({ reason })) return;
    if (this.#encoder !== undefined) this.#writeTail(this.#encoder);
    this.#sink.end();
  }

  #writeTail(encoder: StreamEncoder): void {
    try {
      this.#sink.write(encoder.tail());
    } catch { /* the client has left, and needs none */ }
  }

  /**
   * Ends the stream so that the client sees it was cut off: it cannot take a failure for the end. What was written is
   * still delivered, unless `discard` says that the client is not reading anyway.
   */
  truncate(info: CloseInfo, { discard = false }: { discard?: boolean } = {}): void {
    if (this.#settle(info)) this.#sink.cut(info.reason, discard);
  }

  /**
   * Writes to another sink from now on: for an adapter that has locked the body, and only while the stream is
   * {@linkcode EventStream.hungry}, so that nothing is left behind in the body, which then can be forgotten.
   */
  redirect(sink: Sink): void {
    byBody.delete(this.body);
    this.#own = undefined;
    this.#sink = sink;
    sink.wake();
  }

  /** The sink asks for more. */
  pull(): "idle" | void {
    return this.#closed ? "idle" : this.#driver.pull();
  }

  /** The sink's reader went away. */
  cancelled(): void {
    this.close("client");
  }

  /** The adapter noticed. */
  clientLeft(): void {
    this.close("client");
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

  /** The one clean-up, whoever noticed the end first. */
  #settle(info: CloseInfo): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    // Node 18 keeps the bodies of some responses for ever: nothing may hang on them.
    if (this.#own !== undefined) byBody.delete(this.#own.body);
    if ("watch" in this.#leaving) this.#leaving.unwatch(this);
    else this.#leaving.signal.removeEventListener("abort", this);
    this.#options.signal?.removeEventListener("abort", this);
    if (this.#keepalive > 0) leaveHeartbeat(this.#keepalive, this);
    this.#driver.closed(info);
    const { onClose } = this.#options;
    if (onClose !== undefined) callHook("onClose", () => onClose(info));
    else if (info.reason === "error") report("an event stream's source threw", info.error);
    return true;
  }
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.byteLength + second.byteLength);
  joined.set(first);
  joined.set(second, first.byteLength);
  return joined;
}
