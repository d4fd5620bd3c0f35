/**
 * Gives a source its view of the client that it serves: {@linkcode Connection}.
 *
 * @module
 */

import { FINAL_FRAME } from "./final.ts";
import { encodeComment, encodeEvent, type EventInput } from "../wire/event.ts";
import { booleanOption, checkNames, namesOf } from "../base/options.ts";
import type { EventStream } from "../stream/event_stream.ts";

/** One client of {@linkcode createSSEResponse}, handed to the source. */
export interface Connection {
  /** The request that was answered. */
  readonly request: Request;
  /** Aborted when the stream ends, for whichever reason: hand it on to what feeds the source. */
  readonly signal: AbortSignal;
  /** The id of the last event the client says it has seen, if it reconnects. Chosen by the client: check it. */
  readonly lastEventId: string | undefined;
  /** Whether the stream has not ended. */
  readonly open: boolean;
  /** Bytes that were sent and that the runtime has not yet taken. */
  readonly buffered: number;

  /**
   * Sends an event. Never blocks and never queues without bound: past the option `maxBuffer` the stream is ended, with
   * the reason `"overflow"`.
   *
   * @returns `false` if the stream has ended, and the event went nowhere. It is not a sign to wait for: that is
   * {@linkcode Connection.ready}.
   * @throws {TidingsError} With code `"invalid-event"`, if the event cannot be sent unchanged.
   */
  send(event: EventInput): boolean;

  /** Sends a comment, which no reader sees as an event. Returns and throws as {@linkcode Connection.send} does. */
  comment(text: string): boolean;

  /**
   * Waits until the runtime has taken all that was sent: how a callback that has much to say keeps to the client's pace.
   * Never rejects.
   *
   * @returns `false` if the stream has ended.
   */
  ready(): Promise<boolean>;

  /**
   * Ends the stream, after what was sent. An `EventSource` will reconnect, and call the source again, unless the end is
   * {@linkcode CloseOptions.final}.
   */
  close(options?: CloseOptions): void;
}

/** Options of {@linkcode Connection.close}. */
export interface CloseOptions {
  /** Whether the client is told not to come back: see the option `final` of `createSSEResponse`. Default: that, or `false`. */
  final?: boolean | undefined;
}

const CLOSE_OPTIONS = namesOf<CloseOptions>({ final: true });

const utf8 = new TextEncoder();

/** The face of an {@linkcode EventStream} towards its source. */
export class StreamConnection implements Connection {
  readonly request: Request;
  readonly lastEventId: string | undefined;
  readonly #stream: EventStream;
  readonly #maxBuffer: number;
  readonly #isFinal: boolean;
  #abort: AbortController | undefined;
  #waiting: ((open: boolean) => void)[] = [];

  constructor(
    stream: EventStream,
    request: Request,
    { lastEventId, maxBuffer, final }: { lastEventId: string | undefined; maxBuffer: number; final: boolean },
  ) {
    this.#stream = stream;
    this.request = request;
    this.lastEventId = lastEventId;
    this.#maxBuffer = maxBuffer;
    this.#isFinal = final;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (!this.open) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  get open(): boolean {
    return this.#stream.open;
  }

  get buffered(): number {
    return this.#stream.buffered;
  }

  send(event: EventInput): boolean {
    return this.open && this.#write(encodeEvent(event));
  }

  comment(text: string): boolean {
    return this.open && this.#write(encodeComment(text));
  }

  ready(): Promise<boolean> {
    if (!this.open || this.#stream.hungry) return Promise.resolve(this.open);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#stream.wake();
    });
  }

  close(options: CloseOptions = {}): void {
    checkNames("close", options, CLOSE_OPTIONS);
    const { final = this.#isFinal } = options;
    booleanOption("final", final);
    if (final) this.#stream.write(FINAL_FRAME);
    this.#stream.end("end");
  }

  #write(frame: string): boolean {
    const chunk = utf8.encode(frame);
    const { buffered } = this.#stream;
    // One event of any size may wait alone: only what piles up is too much.
    if (buffered > 0 && buffered + chunk.byteLength > this.#maxBuffer) {
      this.#stream.truncate({ reason: "overflow" }, { discard: true });
      return false;
    }
    return this.#stream.write(chunk);
  }

  /** Answers those who wait: the client took all, or (`false`) the stream has ended. */
  release(open: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve(open);
    if (!open) this.#abort?.abort();
  }
}
