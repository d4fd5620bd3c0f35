/**
 * Answers one client with the events of one source.
 *
 * @module
 */

import { callHook, report } from "../base/errors.ts";
import {
  booleanOption,
  checkNames,
  functionOption,
  namesOf,
  numberOption,
  wrongOption,
} from "../base/options.ts";
import { answer, prelude, requireRequest, type StreamHead } from "../stream/answer.ts";
import { EventStream } from "../stream/event_stream.ts";
import {
  checkStreamOptions,
  KEEPALIVE_ELSEWHERE,
  STREAM_OPTIONS,
  type StreamOptions,
} from "../stream/options.ts";
import { encodeEvent, type EventInput } from "../wire/event.ts";
import { type Connection, StreamConnection } from "./connection.ts";
import { FINAL_FRAME, isOver, stopped } from "./final.ts";
import { type EventIterable, type EventIterator, isIterable, iterate } from "./source.ts";

const utf8 = new TextEncoder();

/** What a setup callback may return: its cleanup, or events to stream, or nothing. */
export type SetupResult = void | (() => void | Promise<void>) | EventIterable;

/**
 * Where one client's events come from: an iterable, a `ReadableStream` of events, or a function that gets the
 * {@linkcode Connection} and returns an iterable (a generator function does), or its cleanup, or nothing.
 */
export type EventSourceInput =
  | EventIterable
  | ((connection: Connection) => SetupResult | Promise<SetupResult>);

/** Options of {@linkcode createSSEResponse}. */
export interface SSEResponseOptions extends StreamOptions {
  /** The response's status. Browsers' `EventSource` takes 200 only. Default: 200. */
  status?: number | undefined;
  /**
   * Bytes that may wait for a client that does not read, when a callback sends without waiting for
   * {@linkcode Connection.ready}; past that the stream ends with the reason `"overflow"`. Iterables never need it: they
   * are read at the client's pace. Default: 1,048,576.
   */
  maxBuffer?: number | undefined;
  /**
   * Whether the end of the source is the end for its client, too. Left to itself an `EventSource` reconnects after each end,
   * and the source would run from its beginning again: with a language model that is money. So a stream that is over ends
   * with an event named `tidings-end`, whose id the browser brings back, and a request that brings it is answered 204,
   * which stops every `EventSource`; the source is not called.
   *
   * Default: `true` for a `GET` whose source is an iterable, a generator or a `ReadableStream` that has come to its end;
   * `false` for a callback, which says it by `connection.close({ final: true })`, and for other methods, which no
   * `EventSource` uses. A source that throws, an aborted signal and a client that left are never final. `false` sends no
   * such event and calls the source at each request.
   */
  final?: boolean | undefined;
  /**
   * Keeps the runtime at work after the client has left: it is handed a promise that resolves when the source has cleaned
   * up. On Cloudflare Workers, `(promise) => ctx.waitUntil(promise)`: without it a Worker's code is stopped with its client,
   * and a generator that was waiting never comes to its `finally`. Default: nothing, which other runtimes do not need.
   */
  waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
}

const OPTIONS = [
  ...STREAM_OPTIONS,
  ...namesOf<Omit<SSEResponseOptions, keyof StreamOptions>>({
    status: true,
    maxBuffer: true,
    final: true,
    waitUntil: true,
  }),
];

/**
 * Answers a request with a stream of events from one source.
 *
 * - An **iterable**, a generator function or a `ReadableStream` is read only as fast as the client reads. When it ends
 *   the response ends, and an `EventSource` is told not to come back: see the option `final`. When the client leaves, it
 *   is asked to return (or cancelled), and `connection.signal` is aborted.
 * - A **callback** sends when it likes and may return its cleanup, which runs once when the stream has ended. The stream
 *   stays open until `connection.close()`, or until the client leaves.
 *
 * A source that throws ends the stream in a way that a client can tell from a regular end; the error itself is given to
 * `onClose`, or printed if there is none, and never sent. A `HEAD` request gets the headers alone, and one whose client
 * has already left gets an empty body: neither calls the source.
 *
 * @param request The request to answer. Its `signal` ends the stream.
 * @param source Where the events come from.
 * @param options See {@linkcode SSEResponseOptions}.
 * @throws {TypeError} If an option or the source is of no use, naming it.
 *
 * @example Tokens of a language model, stopped when the reader leaves
 * ```ts
 * import { createSSEResponse } from "tidings";
 *
 * async function* model(prompt: string) {
 *   for (const word of prompt.split(" ")) yield word;
 * }
 *
 * const response = createSSEResponse(new Request("http://localhost/"), async function* ({ signal }) {
 *   for await (const token of model("three small words")) {
 *     if (signal.aborted) return;
 *     yield { event: "token", data: { token } };
 *   }
 * });
 * const text = await response.text();
 * if (!text.includes('event: token\ndata: {"token":"three"}\n\n')) throw new Error(text);
 * ```
 *
 * @example A ticker that ends when its client leaves
 * ```ts
 * import { createSSEResponse } from "tidings";
 *
 * const handler = (request: Request) =>
 *   createSSEResponse(request, (connection) => {
 *     const timer = setInterval(() => connection.send({ data: new Date() }), 2000);
 *     return () => clearInterval(timer);
 *   }, { retry: 2000 });
 *
 * const response = handler(new Request("http://localhost/"));
 * await response.body!.cancel(); // the client leaves, the timer is cleared
 * ```
 */
export function createSSEResponse(
  request: Request,
  source: EventSourceInput,
  options: SSEResponseOptions = {},
): Response {
  checkNames("createSSEResponse", options, OPTIONS, KEEPALIVE_ELSEWHERE);
  checkStreamOptions(options);
  const { status = 200, maxBuffer = 1 << 20, final, waitUntil } = options;
  numberOption("maxBuffer", maxBuffer, { least: 1, unit: "bytes", endless: true });
  functionOption("waitUntil", waitUntil);
  if (!Number.isInteger(status) || status < 200 || status > 599 || [204, 205, 304].includes(status)) {
    throw wrongOption("status", "a status from 200 to 599 that may have a body", status);
  }
  booleanOption("final", final);
  // First, so that a call with the source alone is told of the request that it lacks.
  requireRequest(request);
  if (typeof source !== "function" && !isIterable(source)) throw wrongSource(source);
  const head = answer(request, options, status);
  if (head instanceof Response) return head;
  if (final !== false && isOver(head.lastEventId)) return stopped(head.headers);
  const stream = new SourceStream(request, head, options, maxBuffer);
  stream.start(source);
  return stream.response({ status, headers: head.headers });
}

/** A stream that moves events from a source to a client, and its own end back to the source. */
class SourceStream extends EventStream {
  readonly #connection: StreamConnection;
  /** Whether the end of an iterable is the end for its client. */
  readonly #isFinal: boolean;
  readonly #waitUntil: ((promise: Promise<unknown>) => void) | undefined;
  #iterator: EventIterator | undefined;
  #cleanup: (() => void | Promise<void>) | undefined;
  #stepping = false;
  /** The source is still being set up, and may have something to clean up when it is. */
  #setup: Promise<void> | undefined;

  constructor(request: Request, head: StreamHead, options: SSEResponseOptions, maxBuffer: number) {
    super(request, head, options, prelude(options.retry));
    const { final, waitUntil } = options;
    this.#isFinal = final ?? request.method === "GET";
    this.#waitUntil = waitUntil;
    const { lastEventId } = head;
    this.#connection = new StreamConnection(this, request, { lastEventId, maxBuffer, final: final ?? false });
  }

  start(source: EventSourceInput): void {
    try {
      const result = typeof source === "function" ? source(this.#connection) : source;
      if (isPromise(result)) {
        this.#setup = result.then((later) => this.#adopt(later)).catch((error) => this.#failed(error));
      } else this.#adopt(result);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Takes what the source turned out to be. It may come late, when the client has already left. */
  #adopt(result: SetupResult): void {
    this.#setup = undefined;
    if (result === undefined) return;
    if (typeof result === "function") this.#cleanup = result;
    else if (isIterable(result)) this.#iterator = iterate(result);
    else throw wrongSource(result);
    if (this.open) this.wake();
    else this.#release();
  }

  /** Takes one step at a time. A source's next event is always still to come, and wakes the stream when it is there. */
  protected more(): boolean {
    this.#connection.release(true);
    if (this.#iterator !== undefined && !this.#stepping) void this.#step(this.#iterator);
    return false;
  }

  async #step(iterator: EventIterator): Promise<void> {
    this.#stepping = true;
    let result: IteratorResult<EventInput> | undefined;
    try {
      try {
        result = await iterator.next();
      } finally {
        this.#stepping = false;
        // At its own end, by return or by throw, an iterator needs no telling.
        if (result?.done !== false) this.#iterator = undefined;
      }
      if (!this.open) return;
      if (result.done === true) {
        if (this.#isFinal) this.write(FINAL_FRAME);
        return this.end("end");
      }
      this.write(utf8.encode(encodeEvent(result.value)));
    } catch (error) {
      return this.#failed(error);
    }
    this.wake();
  }

  protected ended(): void {
    this.#connection.release(false);
    this.#hold(this.#setup);
    this.#release();
  }

  /** Keeps the runtime at work until this is done. */
  #hold(promise: PromiseLike<unknown> | undefined): void {
    const waitUntil = this.#waitUntil;
    if (waitUntil === undefined || promise === undefined) return;
    callHook("waitUntil", () => waitUntil(Promise.resolve(promise)));
  }

  /** The source threw, or gave something that is no event. */
  #failed(error: unknown): void {
    if (this.open) this.truncate({ reason: "error", error });
    else if (!isAbort(error)) report("an event stream's source threw after the stream had ended", error);
  }

  /** Runs the cleanup, or asks the iterator to return, once. Nobody waits: a paused source may take its time. */
  #release(): void {
    const cleanup = this.#cleanup;
    const iterator = this.#iterator;
    this.#cleanup = this.#iterator = undefined;
    try {
      const done: unknown = cleanup?.() ?? iterator?.return?.();
      if (isPromise(done)) this.#hold(done.then(undefined, (error) => this.#failed(error)));
    } catch (error) {
      this.#failed(error);
    }
  }
}

function wrongSource(value: unknown): TypeError {
  return wrongOption(
    "source",
    "an iterable, a ReadableStream of events, a generator function, or a callback that returns its cleanup or nothing",
    value,
  );
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === "function";
}

/** Whether this is what a well-behaved source throws when `connection.signal` told it to stop. */
function isAbort(error: unknown): boolean {
  return (error as { name?: unknown } | null)?.name === "AbortError";
}
