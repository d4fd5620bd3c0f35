/**
 * One source, many clients.
 *
 * ## The data flow
 *
 * 1. `publish()` hands the event to the **order**, which checks and encodes it, gives it its id, and puts it into the running
 *    **turn**, with what else that publishes. A microtask later the turn ends.
 * 2. It is then appended to the **log**, which encodes it into one segment of bytes. The log owns all event bytes; everybody
 *    else holds references to them.
 * 3. For each **view** (clients with the same topics and filter) that the turn concerns, one chunk is made, which is the
 *    segment itself where the view sees all of it, and handed to each **live** client of the view. A live client has no
 *    queue and no position: it has all that was published.
 * 4. A client that has not taken its last chunk is not handed another. It becomes **lagging**: it remembers the sequence
 *    number at which it stopped, and that is all it costs. When its stream asks for more (`Subscriber.pull`) it is given
 *    the next piece of the log, until there is none: then it is live again.
 * 5. A client that connects is one that lags, at the tip, or with a `Last-Event-ID` at that event. So subscribing,
 *    replaying and going live are one synchronous step, in which nothing can be lost or doubled.
 * 6. The log is bounded. A client whose place has been dropped from it is told so, by the lag policy or by a `gap` event.
 *
 * @module
 */

import { Admission } from "./admission.ts";
import {
  type BroadcasterOptions,
  type BroadcasterStats,
  checkBroadcasterOptions,
  checkSubscribeOptions,
  type ClientInfo,
  type SubscribeOptions,
} from "./options.ts";
import { SharedSequencer } from "../cluster/shared_sequencer.ts";
import { beginCoding } from "../wire/coding.ts";
import { preflight } from "../wire/cors.ts";
import { drain, type DrainOptions, LAST_CALL } from "./drain.ts";
import { callHook, TidingsError } from "../base/errors.ts";
import { lastEventId, streamHeaders } from "../wire/headers.ts";
import { type Beating, joinHeartbeat, leaveHeartbeat } from "../stream/heartbeat.ts";
import type { EventLog } from "../log/log.ts";
import { numberOption } from "../base/options.ts";
import type { Health, Sequencer } from "../log/sequencer.ts";
import { LocalSequencer } from "../log/local_sequencer.ts";
import { EventStream } from "../stream/event_stream.ts";
import { isOver, prelude } from "../stream/options.ts";
import { type Feed, Subscriber } from "./subscriber.ts";
import { Batcher } from "../log/batcher.ts";
import type { EventMap, PublishInput } from "../log/typed.ts";
import { type Filter, Views } from "../log/view.ts";

const encoder = new TextEncoder();
// How often lagging clients are looked at, in milliseconds.
const SWEEP = 1_000;

/**
 * Publishes events to many clients. What is published is encoded once, and a slow client never delays another.
 *
 * Every event gets an id. A client that reconnects with it goes on where it was, out of the history; if that no longer
 * reaches back far enough it is sent a `gap` event, whose data ({@linkcode Gap}) says what may be missing.
 *
 * @typeParam Events The names of the events and their data. Default: anything.
 *
 * @example
 * ```ts
 * import { Broadcaster } from "@tidings/tidings";
 *
 * type Events = { price: { symbol: string; amount: number }; message: string };
 * const market = new Broadcaster<Events>();
 *
 * // In the server's fetch handler:
 * const response = market.subscribe(new Request("http://localhost/stream"), { topics: ["acme"] });
 *
 * market.publish("The market is open");
 * market.publish({ event: "price", data: { symbol: "ACME", amount: 12.3 }, topic: "acme" });
 * market.publish({ event: "price", data: { symbol: "OTHER", amount: 1 }, topic: "other" }); // not to this client
 *
 * const text = response.text();
 * await market.close();
 * if (!(await text).includes('data: {"symbol":"ACME","amount":12.3}')) throw new Error(await text);
 * ```
 */
export class Broadcaster<Events extends EventMap = EventMap> {
  readonly #order: Sequencer;
  readonly #log: EventLog;
  readonly #admission: Admission;
  readonly #views = new Views<Subscriber>();
  readonly #clients = new Set<Subscriber>();
  readonly #feed: Feed;
  readonly #sweeper: Beating;
  readonly #batcher: Batcher;
  #state: "open" | "closing" | "closed" = "open";
  #retry: number | undefined;
  #published = 0;
  #delivered = 0;
  #bytes = 0;
  #dropped = 0;
  #refused = 0;

  /**
   * Makes a broadcaster, which holds no timer and no client yet.
   *
   * @param options See {@linkcode BroadcasterOptions}.
   * @throws {TypeError} If an option is of no use, naming it and the value received.
   */
  constructor(options: BroadcasterOptions = {}) {
    const settings = checkBroadcasterOptions(options);
    const { history, now, onClose } = settings;
    const lagging = new Set<Subscriber>();
    this.#admission = new Admission(options.limits ?? {});
    const delivered = (count: number, size: number) => {
      this.#delivered += count;
      this.#bytes += size;
    };
    this.#batcher = new Batcher(() => this.#log, this.#views, settings.flushInterval, delivered);
    const order = options.backplane === undefined
      ? new LocalSequencer(history, now, this.#batcher)
      : new SharedSequencer(options.backplane, settings, this.#batcher);
    this.#order = order;
    this.#log = order.log;
    this.#feed = {
      log: this.#log,
      settings,
      lagging,
      delivered,
      dropped: (count) => {
        this.#dropped += count;
      },
      left: (subscriber, info) => {
        this.#left(subscriber);
        if (onClose !== undefined) callHook("onClose", () => onClose(info, subscriber.member.request));
      },
    };
    this.#sweeper = {
      beat: () => {
        this.#log.trim();
        this.#views.tidy();
        for (const subscriber of lagging) subscriber.sweep(now());
        if (options.limits?.lifetime === undefined) return;
        for (const subscriber of this.#clients) {
          if (subscriber.member.expires <= now()) subscriber.finish("lifetime", undefined);
        }
      },
    };
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#clients.size;
  }

  /** Whether {@linkcode Broadcaster.close} was called. */
  get closed(): boolean {
    return this.#state !== "open";
  }

  /** Figures since the Broadcaster was made. */
  stats(): BroadcasterStats {
    return {
      clients: this.#clients.size,
      lagging: this.#feed.lagging.size,
      published: this.#published,
      delivered: this.#delivered,
      bytes: this.#bytes,
      dropped: this.#dropped,
      refused: this.#refused,
    };
  }

  /** Every client, the longest connected first. Takes time where many lag far behind: it is for people who look. */
  clients(): ClientInfo[] {
    this.#batcher.flush();
    return Array.from(
      this.#clients,
      (client) => ({ request: client.member.request, waiting: client.waiting() }),
    );
  }

  /**
   * Publishes an event to all clients, or to those of its `topic`. It goes out at the end of the running turn, together
   * with what else the turn publishes.
   *
   * @param input The event, or a string as short for `{ data: string }`.
   * With a backplane that is a journey: it goes out when the engine has it, on every process.
   *
   * @returns The event's id, at once, or with a backplane when the engine has acknowledged the event. It rejects with the
   * code `"publish-failed"` if the engine refused or did not answer in time; the option `onError` is told too, so a promise
   * that nobody awaits is never an unhandled rejection. To publish many events, do not await each: they would go out one by
   * one.
   * @throws {TidingsError} With code `"invalid-event"` if the event cannot be sent unchanged, has an `id` (the
   * Broadcaster gives it one), is named `gap` or `tidings-cursor`, or is larger than `history.bytes`; with code
   * `"closed"` after {@linkcode Broadcaster.close} has finished.
   */
  publish(input: PublishInput<Events>): Promise<string> {
    if (this.#state === "closed") {
      throw new TidingsError(
        "closed",
        "The broadcaster is closed: publish before close(), or check closed first",
      );
    }
    const id = this.#order.publish(input);
    this.#published++;
    return id;
  }

  /**
   * Whether events can be published and received; for a readiness probe. With a backplane it is not well before the engine
   * was reached, and while it cannot be.
   */
  health(): Health {
    return this.#order.health();
  }

  /**
   * Answers a request with this broadcaster's events. A `HEAD` request gets the headers alone, and one whose client has
   * already left an empty body; neither is subscribed. After {@linkcode Broadcaster.close} was called, and where a limit is
   * reached, a client is told to come back.
   *
   * @param request The request to answer. Its `signal` and its `Last-Event-ID` are heeded.
   * @param options See {@linkcode SubscribeOptions}.
   * @throws {TypeError} If an option is of no use, naming it and the value received.
   */
  subscribe(request: Request, options: SubscribeOptions<Events> = {}): Response {
    const { topics = [], filter, key, retry, lastEventIdQuery } = options;
    checkSubscribeOptions(options);
    if (options.cors !== undefined && request.method === "OPTIONS") return preflight(request, options.cors);
    const headers = streamHeaders(request, options);
    const compression = options.compression ?? this.#feed.settings.compression;
    if (request.method === "HEAD") {
      beginCoding(request, headers, compression);
      return new Response(null, { headers });
    }
    if (isOver(request, options)) return new Response("", { headers });
    if (this.#state !== "open") return new Response(prelude(this.#retry ?? retry), { headers });

    const refusal = this.#admission.enter(key);
    if (refusal !== undefined) {
      this.#refused++;
      return this.#admission.turnAway(refusal, headers);
    }

    // Nothing of this turn is left over, so the client stands between two turns.
    this.#batcher.flush();
    this.#log.trim();
    const view = this.#views.acquire(topics, filter as Filter | undefined);
    const asked = (options.lastEventId ?? lastEventId(request, lastEventIdQuery)) || undefined;
    const expires = this.#admission.expiry(this.#feed.settings.now());
    const subscriber = new Subscriber(this.#feed, { request, view, asked, key, expires });
    let opening = prelude(retry);
    const place = this.#order.place(subscriber);
    if (place !== undefined) {
      subscriber.begin(place);
      if ("cursor" in place) opening += place.opening;
    }
    if (this.#clients.size === 0) joinHeartbeat(SWEEP, this.#sweeper);
    this.#clients.add(subscriber);
    const coding = beginCoding(request, headers, compression);
    subscriber.stream = new EventStream(request, options, subscriber, encoder.encode(opening), coding);
    return new Response(subscriber.stream.body, { headers });
  }

  /**
   * Ends all streams, after what was published before, and takes no new clients: those that ask are told to come back.
   *
   * @param options See {@linkcode DrainOptions}.
   * @returns When the last client was ended.
   */
  async close(options: DrainOptions = {}): Promise<void> {
    const { retry, within = 0 } = options;
    if (retry !== undefined) numberOption("retry", retry, { least: 0, unit: "milliseconds" });
    numberOption("within", within, { least: 0, unit: "milliseconds" });
    if (this.#state === "open") this.#state = "closing";
    this.#retry = retry;
    this.#batcher.flush();
    // An engine that does not answer must not hold up the end.
    await Promise.race([
      this.#order.settled(),
      new Promise((done) => setTimeout(done, Math.max(within, LAST_CALL))),
    ]);
    await drain(this.#clients, this.#feed.lagging, { retry, within });
    this.#state = "closed";
    this.#order.stop();
  }

  /** Closes at once, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #left(subscriber: Subscriber): void {
    this.#order.forget(subscriber);
    this.#clients.delete(subscriber);
    this.#views.release(subscriber.member.view);
    this.#admission.leave(subscriber.member.key);
    if (this.#clients.size === 0) leaveHeartbeat(SWEEP, this.#sweeper);
  }
}
