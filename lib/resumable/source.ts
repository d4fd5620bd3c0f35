/**
 * Moves a source's events into a run, at the pace of the store.
 *
 * @module
 */

import { callHook, report, show, TidingsError } from "../base/errors.ts";
import { wrongOption } from "../base/options.ts";
import { createParser, type ServerEvent } from "../client/parse.ts";
import { requireEventStream } from "../client/response.ts";
import { type EventIterable, isIterable, iterate } from "../response/source.ts";
import type { EventInput } from "../wire/event.ts";
import { CURSOR, END } from "../wire/names.ts";
import { relayedFrame, toFrame } from "./event.ts";
import type { Run } from "./run.ts";

/**
 * Where a stream's events come from, one after the other: an iterable or a `ReadableStream` of events, a `ReadableStream` of
 * the text or the bytes of an event stream, or a `Response` whose body is one. A string is one event where it comes from an
 * iterable, and a piece of an event stream's text where it comes from a `ReadableStream`.
 */
export type WorkEvents = EventIterable | ReadableStream<string> | ReadableStream<Uint8Array> | Response;

/** What a function may return: events to read, or its cleanup, or nothing. */
export type WorkResult = WorkEvents | (() => void | Promise<void>) | void;

/** The source of a stream: its events, or a function that gets the {@linkcode Work} and returns them. */
export type WorkSource = WorkEvents | ((work: Work) => WorkResult | Promise<WorkResult>);

/** The piece of work that a source is for. */
export interface Work {
  /** The stream's id. */
  readonly id: string;
  /** Aborted when the stream ends before the source: it was stopped, abandoned or lost. Hand it on to what does the work. */
  readonly signal: AbortSignal;
  /** Whether the stream has not ended. */
  readonly open: boolean;
  /**
   * Appends an event, without waiting until it is stored. If more than the limit `pending` waits for the store, the stream
   * fails: wait for {@linkcode Work.ready} now and then.
   *
   * @returns `false` if the stream has ended, and the event went nowhere.
   * @throws {TidingsError} With code `"invalid-event"`, if it cannot be sent unchanged.
   */
  send(event: EventInput): boolean;
  /** Waits until the store has caught up. Never rejects; `false` if the stream has ended. */
  ready(): Promise<boolean>;
  /** Ends the stream as `"complete"`, after what was sent: for a function that returned a cleanup or nothing. */
  close(): void;
}

/** Whether the value can be a source. */
export function isSource(value: unknown): value is WorkSource {
  return typeof value === "function" || isIterable(value) || isResponse(value);
}

export function wrongSource(value: unknown): TypeError {
  return wrongOption(
    "source",
    "an iterable, a ReadableStream, a Response, or a function that returns one of these, its cleanup or nothing",
    value,
  );
}

/** Runs a source to its end, which is the run's. Never rejects. */
export async function feed(run: Run, source: WorkSource): Promise<void> {
  try {
    const result = typeof source === "function" ? await source(workOf(run)) : source;
    if (result === undefined) return;
    if (typeof result === "function") await run.finished.then(result);
    else if (isResponse(result) || isIterable(result)) await pump(run, result);
    else throw wrongSource(result);
  } catch (error) {
    if (run.open) run.fail(error);
    else if (!isAbort(error, run.signal)) {
      report(`the source of stream ${show(run.id)} threw after the stream had ended`, error);
    }
  }
}

function workOf(run: Run): Work {
  return {
    id: run.id,
    signal: run.signal,
    get open() {
      return run.open;
    },
    send(event) {
      if (!run.open) return false;
      const frame = toFrame(event, run.endName);
      try {
        run.push(frame);
      } catch (error) {
        // Thrown in a timer of the source's it would end the process.
        run.fail(error);
      }
      return run.open;
    },
    ready: () => run.room(0),
    close: () => run.end("complete"),
  };
}

/** One event after the other, as frames. */
interface FrameIterator {
  next(): Promise<string | undefined>;
  /** Nobody wants the rest. */
  return(): unknown;
}

async function pump(run: Run, events: WorkEvents): Promise<void> {
  const frames = framesOf(events, run.endName);
  // A source that waits for something would hold its place for ever: it is told at once, and nobody waits for it.
  const leave = () =>
    callHook("a source's return", () => void Promise.resolve(frames.return()).catch(() => {}));
  if (!run.open) return leave();
  run.signal.addEventListener("abort", leave);
  try {
    for (;;) {
      const frame = await frames.next();
      if (!run.open) return;
      if (frame === undefined) break;
      await run.offer(frame);
    }
    run.end("complete");
  } catch (error) {
    leave();
    throw error;
  } finally {
    run.signal.removeEventListener("abort", leave);
  }
}

function framesOf(events: WorkEvents, end: string | false): FrameIterator {
  if (isResponse(events)) {
    requireEventStream(events);
    return new BodyFrames(events.body as ReadableStream<unknown> | null, end);
  }
  if (events instanceof ReadableStream) return new BodyFrames(events, end);
  const iterator = iterate(events);
  return {
    next: async () => {
      const { done, value } = await iterator.next();
      return done ? undefined : toFrame(value, end);
    },
    return: () => iterator.return?.(),
  };
}

/** Reads a `ReadableStream`, whatever it is one of: events, or the text of an event stream, or its bytes. */
class BodyFrames implements FrameIterator {
  readonly #reader: ReadableStreamDefaultReader<unknown> | undefined;
  readonly #end: string | false;
  readonly #decoder = new TextDecoder(undefined, { ignoreBOM: true });
  readonly #found: string[] = [];
  readonly #parser = createParser({ onEvent: (event) => this.#take(event), maxEventSize: Infinity });
  #sourceId = "";
  /** The last characters of the text; and whether it had any event in it. */
  #tail = "";
  #hadEvents = false;

  constructor(body: ReadableStream<unknown> | null, end: string | false) {
    this.#reader = body?.getReader();
    this.#end = end;
  }

  async next(): Promise<string | undefined> {
    for (;;) {
      const frame = this.#found.shift();
      if (frame !== undefined) return frame;
      const { done, value } = await this.#reader?.read() ?? { done: true, value: undefined };
      if (done) return this.#checkEnd();
      if (typeof value === "string") this.#feed(value);
      else if (value instanceof Uint8Array) this.#feed(this.#decoder.decode(value, { stream: true }));
      else return toFrame(value as EventInput, this.#end);
    }
  }

  return(): unknown {
    return this.#reader?.cancel();
  }

  #feed(text: string): void {
    this.#tail = (this.#tail + text).slice(-4);
    this.#parser.feed(text);
  }

  #take({ event, data, lastEventId }: ServerEvent): void {
    this.#hadEvents = true;
    // Another tidings sends these for the sake of their id alone.
    if (data === "" && (event === CURSOR || event === END)) return;
    const id = lastEventId === "" || lastEventId === this.#sourceId ? undefined : lastEventId;
    this.#sourceId = lastEventId;
    this.#found.push(relayedFrame({ id, event: event === "message" ? undefined : event, data }, this.#end));
  }

  /** Text that was cut off, or is no event stream at all, would be lost without a word. */
  #checkEnd(): undefined {
    const tail = this.#tail.replace(/\r\n?/g, "\n");
    if (tail === "" || (this.#hadEvents && tail.endsWith("\n\n"))) return;
    if (this.#hadEvents) throw new Error("The source's text ends in the middle of an event: it was cut off");
    // Comments alone are a stream without events.
    if (tail.endsWith("\n\n")) return;
    throw new TypeError(
      "The strings of a ReadableStream are the text of an event stream, and these are none. To send each string as the " +
        "data of an event, pass an async iterable instead, such as a generator that yields them",
    );
  }
}

function isResponse(value: unknown): value is Response {
  return typeof Response === "function" && value instanceof Response;
}

/** Whether this is what a source throws that keeps to its signal. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  return error === signal.reason || (error as { name?: unknown } | null)?.name === "AbortError" ||
    (error instanceof TidingsError && error.code === "stream-ended");
}
