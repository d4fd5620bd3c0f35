/**
 * Runs one client's stream, from its first byte to its end with the reason.
 *
 * A subclass has something to say: a source's events, or a broadcaster's. The stream asks it when the client can take more,
 * and tells it once when the stream has ended. Nothing here throws after the end, and nothing becomes an unhandled
 * rejection.
 *
 * @module
 */

import { concat } from "../base/bytes.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { callHook, report } from "../base/errors.ts";
import { DEFAULT_KEEPALIVE } from "../base/runtime.ts";
import { negotiateCoding, type StreamEncoder } from "../wire/coding.ts";
import type { StreamHead } from "./answer.ts";
import { type Departure, departureOf, type Watcher } from "./departure.ts";
import { type Beating, joinHeartbeat, leaveHeartbeat } from "./heartbeat.ts";
import type { CloseInfo, CloseReason, StreamOptions } from "./options.ts";
import { BodySink, type Producer, type Sink } from "./sink.ts";
import { StreamResponse } from "./stream_response.ts";

const utf8 = new TextEncoder();
const KEEPALIVE = utf8.encode(":\n\n");

/** The last opening, and its bytes: until something is published all who come are told the same. */
let last = { opening: "", bytes: new Uint8Array(0) };

function bytesOf(opening: string): Uint8Array {
  if (last.opening !== opening) last = { opening, bytes: utf8.encode(opening) };
  return last.bytes;
}

const byBody = new WeakMap<ReadableStream, EventStream>();

/**
 * The stream that a response sends, if it is one of ours of which nobody has read, and answers a request that carries its
 * {@linkcode Departure}: the adapter that made the request may then {@linkcode EventStream.redirect} the stream. No other
 * could, and a body costs less without an entry here.
 */
export function eventStreamOf(response: Response): EventStream | undefined {
  let stream = StreamResponse.streamOf(response);
  if (stream === undefined && response.body !== null) stream = byBody.get(response.body);
  return stream instanceof EventStream && stream.isUnread ? stream : undefined;
}

export abstract class EventStream implements Producer, Beating, Watcher {
  readonly #options: StreamOptions;
  readonly #clock: Clock;
  readonly #keepalive: number;
  readonly #encoder: StreamEncoder | undefined;
  /** Tells that the client has left: the adapter, or else the request's signal. */
  readonly #leaving: Departure | Request;
  /** The stream's own sink, until an adapter brings another. */
  #own: BodySink | undefined;
  #sink: Sink;
  #ended = false;
  /** Whether the subclass is being asked for more, and whether it was woken meanwhile. */
  #asking: "no" | "asking" | "woken" = "no";

  /**
   * Begins the stream with its first bytes. They are written at once: Bun and several Node adapters send no headers before
   * the first byte, and without one Firefox fires no `open`. They also keep a byte order mark from ever being the
   * stream's first character.
   *
   * The subclass is not called before its own constructor is done: nobody reads the body before that.
   */
  constructor(request: Request, head: StreamHead, options: StreamOptions, opening: string) {
    const { keepalive = DEFAULT_KEEPALIVE, compression, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#keepalive = keepalive === false || keepalive === Infinity ? 0 : keepalive;
    // The user's compression and signal may throw, so they come before anything that would have to be undone.
    const first = bytesOf(opening);
    if (negotiateCoding(request, head.headers, compression)) {
      this.#encoder = compression.begin();
      this.#sink = this.#own = new BodySink(this, clock);
      this.#sink.write(concat(this.#encoder.head, this.#encoder.encode(first)));
    } else {
      this.#sink = this.#own = new BodySink(this, clock);
      this.#sink.write(first);
    }
    options.signal?.addEventListener("abort", this);
    this.#leaving = departureOf(request) ?? request;
    if ("watch" in this.#leaving) this.#leaving.watch(this);
    else this.#leaving.signal.addEventListener("abort", this);
    if (this.#keepalive > 0) joinHeartbeat(clock, this.#keepalive, this);
  }

  /**
   * Asked when the client has taken all that was written: {@linkcode EventStream.write} something, or end the stream, and
   * return `true`; or return `false` if there is nothing now, and call {@linkcode EventStream.wake} later.
   */
  protected abstract more(): boolean;

  /** The stream has ended. Called once. */
  protected abstract ended(info: CloseInfo): void;

  /** The response. */
  response(init: ResponseInit): Response {
    return "watch" in this.#leaving ? new StreamResponse(this, init) : new Response(this.body, init);
  }

  /** The response's body. It fails once the stream was {@linkcode EventStream.redirect}ed. */
  get body(): ReadableStream<Uint8Array> {
    if (this.#own === undefined) return spent();
    const { body } = this.#own;
    // A response that is made of it is found by it.
    if ("watch" in this.#leaving && !this.#ended) byBody.set(body, this);
    return body;
  }

  /** Whether the stream has not ended. */
  get open(): boolean {
    return !this.#ended;
  }

  /** Whether the client took all that was written. */
  get hungry(): boolean {
    return !this.#ended && this.#sink.hasRoom;
  }

  /** Bytes that were written and that the runtime has not yet taken. */
  get buffered(): number {
    return this.#ended ? 0 : this.#sink.buffered;
  }

  /** Writes a chunk, which may be shared with other streams. Says whether the stream was still open. */
  write(chunk: Uint8Array): boolean {
    if (this.#ended) return false;
    try {
      this.#sink.write(this.#encoder === undefined ? chunk : this.#encoder.encode(chunk));
      return true;
    } catch {
      // The runtime ended the stream and has not told us yet.
      this.end("client");
      return false;
    }
  }

  /** There may be more to say, after {@linkcode EventStream.more} has returned `false`. */
  wake(): void {
    if (this.#asking === "no") this.#sink.wake();
    else this.#asking = "woken";
  }

  /** Ends the stream; what was written is still delivered. Only the first call counts. */
  end(reason: CloseReason): void {
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

  /** Whether it is open, and nobody has read of the body. */
  get isUnread(): boolean {
    return !this.#ended && this.#own?.unread !== undefined && !(this.#own.hasBody && this.#own.body.locked);
  }

  /** Writes to another sink from now on, first what waits in the body: only while the stream {@linkcode EventStream.isUnread}. */
  redirect(sink: Sink): void {
    const unread = this.#own!.unread!;
    if (this.#own!.hasBody) this.#own!.body.getReader();
    this.#forgetBody();
    this.#own = undefined;
    this.#sink = sink;
    try {
      for (const chunk of unread) sink.write(chunk);
    } catch {
      // The client has left.
      return this.end("client");
    }
    this.wake();
  }

  #forgetBody(): void {
    if (this.#own?.hasBody) byBody.delete(this.#own.body);
  }

  /** The sink asks. A subclass that is woken while it is asked may have more after all, and is asked again. */
  pull(): boolean {
    let wrote = false;
    do {
      this.#asking = "asking";
      wrote = !this.#ended && this.more();
    } while (!wrote && (this.#asking as string) === "woken");
    this.#asking = "no";
    return wrote;
  }

  /** The sink's reader went away. */
  cancelled(): void {
    this.end("client");
  }

  /** The adapter noticed that the client left. */
  clientLeft(): void {
    this.end("client");
  }

  /** One of the two signals was aborted. The stream itself is the listener. */
  handleEvent(event: Event): void {
    this.end(event.target === this.#options.signal ? "aborted" : "client");
  }

  /** The heartbeat's call. */
  beat(): void {
    // A client that has not taken what is there needs no proof of life.
    if (this.hungry) this.write(KEEPALIVE);
  }

  /** The one clean-up, for whichever end came first. */
  #settle(info: CloseInfo): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    // Node 18 keeps the bodies of some responses for ever: nothing may hang on them.
    this.#forgetBody();
    if ("watch" in this.#leaving) this.#leaving.unwatch(this);
    else this.#leaving.signal.removeEventListener("abort", this);
    this.#options.signal?.removeEventListener("abort", this);
    if (this.#keepalive > 0) leaveHeartbeat(this.#clock, this.#keepalive, this);
    this.ended(info);
    const { onClose } = this.#options;
    if (onClose !== undefined) callHook("onClose", () => onClose(info));
    else if (info.reason === "error") report("an event stream's source threw", info.error);
    return true;
  }
}

/** What stands for the body of a response that was sent without one. */
function spent(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) =>
      controller.error(new TypeError("The response is sent: its body cannot be read any more")),
  });
}
