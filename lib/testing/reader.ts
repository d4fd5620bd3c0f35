/**
 * Reads the event stream of a handler under test, in memory: what came, what is to come, and the end.
 *
 * @module
 */

import { errorText } from "../base/errors.ts";
import { checkNames, namesOf, numberOption, wrongOption } from "../base/options.ts";
import type { HeadersSource } from "../base/web.ts";
import { END_ID, type EventIterator, parseSSE } from "../client/read.ts";
import { sameJson } from "./equal.ts";
import type { EventReader, ExpectedEvent, ReceivedEvent } from "./event_reader.ts";

// The real ones, whatever a test puts in their place later.
const { clearTimeout, setTimeout } = globalThis;

/** A fetch handler, as it is given to `serve()`. */
export type EventSourceHandler = (request: Request) => Response | Promise<Response>;

/** How {@linkcode readEvents} reads. */
export interface ReadOptions {
  /** What a handler is called with: a request, or its URL, relative to `http://localhost/`. Default: `"/"`. */
  request?: Request | string | URL | undefined;
  /** Headers of the request, in the place of those it has: a session's cookie, for example. Default: its own. */
  headers?: HeadersSource | undefined;
  /** The id after which to go on, as a client sends it that comes back: `lastEventId` of an earlier reader. Default: none. */
  lastEventId?: string | undefined;
  /** Milliseconds, of real time, for which a test waits for what it expects. Default: 2,000. */
  timeout?: number | undefined;
}

const OPTIONS = namesOf<ReadOptions>({ request: true, headers: true, lastEventId: true, timeout: true });
const EXPECTED = namesOf<ExpectedEvent>({ event: true, data: true, lastEventId: true });

/**
 * Reads the events of a handler, which it calls with a request of its own, or of a response. Nothing listens and no time
 * passes: it runs in `node:test`, `bun test`, `deno test`, Vitest and Jest alike.
 *
 * A handler is called at once. Its request has a signal, which {@linkcode EventReader.leave} aborts, so that the handler
 * sees its client go. With a mere response there is no request, and `leave()` cancels the body.
 *
 * @typeParam Events The names of the events and their data, as a `Broadcaster` has them. Default: anything.
 * @throws {TypeError} If an option is of no use, naming it and the value received.
 *
 * @example
 * ```ts
 * import { Broadcaster } from "tidings";
 * import { readEvents } from "tidings/testing";
 *
 * type Events = { price: { symbol: string; amount: number } };
 * const market = new Broadcaster<Events>();
 * const handler = (request: Request) => market.subscribe(request, { topics: ["acme"] });
 *
 * const reader = readEvents<Events>(handler, { request: "/prices" });
 * await reader.response;
 * market.publish({ event: "price", data: { symbol: "ACME", amount: 12 }, topic: "acme" });
 * const { data } = await reader.expectEvent({ event: "price", data: { symbol: "ACME", amount: 12 } });
 * console.log(data.amount); // 12
 *
 * await reader.leave();
 * if (market.size > 0) throw new Error("the client has not left");
 * ```
 *
 * @example A stream that ends
 * ```ts
 * import { createSSEResponse } from "tidings";
 * import { readEvents } from "tidings/testing";
 *
 * const reader = readEvents((request) => createSSEResponse(request, ["Hel", "lo"]));
 * const text = (await reader.rest()).map(({ data }) => data).join("");
 * if (text !== "Hello" || await reader.closed !== "final") throw new Error(text);
 * ```
 */
export function readEvents<Events extends object = Record<string, unknown>>(
  source: EventSourceHandler | Response | Promise<Response>,
  options: ReadOptions = {},
): EventReader<Events> {
  checkNames("readEvents", options, OPTIONS, {}, "request");
  const { timeout = 2_000 } = options;
  numberOption("timeout", timeout, { least: 1, unit: "milliseconds" });
  if (typeof source === "function") {
    const control = new AbortController();
    const request = requestOf(options, control.signal);
    const response = new Promise<Response>((resolve) => resolve(source(request)));
    return new Reader(response, control, timeout) as unknown as EventReader<Events>;
  }
  for (const name of ["request", "headers", "lastEventId"] as const) {
    const value = options[name];
    if (value !== undefined) {
      throw wrongOption(name, "left out where a response is given: give a handler", value);
    }
  }
  return new Reader(Promise.resolve(source), new AbortController(), timeout) as unknown as EventReader<
    Events
  >;
}

function requestOf({ request = "/", headers, lastEventId }: ReadOptions, signal: AbortSignal): Request {
  const target = request instanceof Request ? request : new URL(request, "http://localhost/");
  const made = new Request(target, headers === undefined ? { signal } : { headers, signal });
  if (lastEventId) made.headers.set("last-event-id", lastEventId);
  return made;
}

type Received = ReceivedEvent;

class Reader {
  readonly response: Promise<Response>;
  readonly received: Received[] = [];
  readonly closed: Promise<"final" | "end" | "left">;
  lastEventId = "";
  retry: number | undefined;
  readonly #control: AbortController;
  readonly #timeout: number;
  /** Comments that came and were not asked for. */
  readonly #comments: string[] = [];
  /** Who looks at each thing that comes. */
  readonly #lookers = new Set<() => void>();
  /** How many events have been given. */
  #given = 0;
  #items: EventIterator<unknown> | undefined;
  #ended: { readonly how: string; readonly cause?: unknown } | undefined;

  constructor(response: Promise<Response>, control: AbortController, timeout: number) {
    this.response = response;
    this.#control = control;
    this.#timeout = timeout;
    this.closed = this.#read();
    // Who does not ask how it ended is not told by an unhandled rejection.
    this.closed.catch(() => {});
  }

  async #read(): Promise<"final" | "end" | "left"> {
    try {
      const response = await Promise.race([this.response, this.#left()]);
      let isFirst = true;
      const items = this.#items = parseSSE(response, {
        comments: true,
        onRead: (id) => this.lastEventId = id,
        onRetry: (milliseconds) => this.retry = milliseconds,
      });
      for await (const item of items) {
        if (item.kind === "event") {
          this.received.push({ ...item, data: parsed(item.data), text: item.data });
          this.lastEventId = item.lastEventId;
        } else if (!isFirst || item.comment !== "") this.#comments.push(item.comment);
        isFirst = false;
        this.#look();
      }
    } catch (error) {
      if (!this.#control.signal.aborted) {
        this.#end(`it failed: ${errorText(error)}`, error);
        throw error;
      }
    }
    const how = this.lastEventId === END_ID ? "final" : this.#control.signal.aborted ? "left" : "end";
    this.#end(how === "left" ? "the reader left" : "the server ended it");
    return how;
  }

  /** Rejects when the reader leaves: a handler need not answer after that, or at all. */
  #left(): Promise<never> {
    const { signal } = this.#control;
    return new Promise((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true })
    );
  }

  #end(how: string, cause?: unknown): void {
    this.#ended = { how, cause };
    this.#look();
  }

  #look(): void {
    for (const look of [...this.#lookers]) look();
  }

  /** Waits until `find` finds something, or until the stream has ended without it. */
  #wait<T>(find: () => T | undefined, what: string): Promise<T> {
    const from = this.#given;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found !== undefined) done(() => resolve(found));
        else if (this.#ended) fail(`the stream has ended, ${this.#ended.how}`);
      };
      const fail = (why: string): void =>
        done(() => {
          const cause = this.#ended?.cause;
          reject(new Error(`${what}: ${why}. ${this.#came(from)}`, cause === undefined ? {} : { cause }));
        });
      const timer = setTimeout(() => fail(`nothing more came within ${this.#timeout} ms`), this.#timeout);
      const done = (settle: () => void): void => {
        clearTimeout(timer);
        this.#lookers.delete(look);
        settle();
      };
      this.#lookers.add(look);
      look();
    });
  }

  /** What came since the caller began to wait, for a message. */
  #came(from: number): string {
    const came = this.received.slice(from);
    if (came.length === 0) return `No event came; ${this.received.length} had been taken before`;
    return `What came instead:${came.map(({ event, text }) => `\n  ${said(event, text)}`).join("")}`;
  }

  next(): Promise<Received> {
    return this.#wait(
      () => this.#given < this.received.length ? this.received[this.#given++] : undefined,
      "No next event",
    );
  }

  take(count: number): Promise<Received[]> {
    numberOption("count", count, { least: 0, unit: "events" });
    return this.#wait(() => {
      const end = this.#given + count;
      if (end > this.received.length) return undefined;
      const taken = this.received.slice(this.#given, end);
      this.#given = end;
      return taken;
    }, `Not ${count} events`);
  }

  rest(): Promise<Received[]> {
    return this.#wait(() => {
      if (this.#ended === undefined || this.#ended.cause !== undefined) return undefined;
      const taken = this.received.slice(this.#given);
      this.#given = this.received.length;
      return taken;
    }, "No end of the stream");
  }

  expectEvent(
    expected: ExpectedEvent | ((event: Received) => boolean),
    ...more: unknown[]
  ): Promise<Received> {
    // What is not looked at would make the test pass for any event.
    if (more.length > 0) {
      throw new TypeError(
        `expectEvent() takes one value, received ${more.length + 1}: write { event, data }`,
      );
    }
    if (typeof expected !== "function") {
      checkNames(
        "expectEvent",
        expected,
        EXPECTED,
        { type: "event", name: "event", id: "lastEventId" },
        "event",
      );
    }
    const isIt = typeof expected === "function" ? expected : matcher(expected);
    const what = typeof expected === "function" ? "which the function takes" : JSON.stringify(expected);
    // Where it looks next: nothing is passed over until there is one.
    let at = this.#given;
    return this.#wait(() => {
      for (at = Math.max(at, this.#given); at < this.received.length; at++) {
        const event = this.received[at]!;
        if (!isIt(event)) continue;
        this.#given = at + 1;
        return event;
      }
    }, `No event ${what}`);
  }

  expectComment(): Promise<string> {
    return this.#wait(() => this.#comments.shift(), "No comment");
  }

  async leave(): Promise<void> {
    if (this.#ended === undefined) {
      this.#control.abort();
      if (this.#items === undefined) this.response.then(({ body }) => body?.cancel()).catch(() => {});
      else this.#items.return();
    }
    await this.closed.catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Received, void> {
    for (;;) {
      const isOver = (): true | undefined =>
        this.#given < this.received.length || this.#ended !== undefined || undefined;
      await this.#wait(isOver, "No next event");
      if (this.#given < this.received.length) yield this.received[this.#given++]!;
      else return void await this.closed;
    }
  }
}

/** What JSON makes of the data, as the server wrote it: a string as it is, and anything else as JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function matcher({ event, data, lastEventId }: ExpectedEvent): (it: Received) => boolean {
  return (it) =>
    (event === undefined || it.event === event) &&
    (lastEventId === undefined || it.lastEventId === lastEventId) &&
    (data === undefined || it.text === data || sameJson(it.data, data));
}

function said(event: string, text: string): string {
  return `event ${JSON.stringify(event)}, data ${text.length > 200 ? `${text.slice(0, 200)}…` : text}`;
}
