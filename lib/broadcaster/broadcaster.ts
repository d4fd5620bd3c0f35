/**
 * Publishes events to many clients: what comes from one source goes to all who subscribe.
 *
 * ## The data flow
 *
 * 1. `publish()` hands the event to the **sequencer**, which checks and encodes it, gives it its id, and puts it into the
 *    open **batch**, with what else is published in the running turn of the event loop. A microtask later that is over.
 * 2. The batch is then appended to the **log**, which encodes it into one segment of bytes. The log owns all event bytes;
 *    everybody else holds references to them.
 * 3. For each **view** (clients with the same topics and filter) that the batch concerns, one chunk is made, which is the
 *    segment itself where the view sees all of it, and handed to each **live** client of the view. A live client has no
 *    queue and no position: it has all that was published.
 * 4. A client that has not taken its last chunk is not handed another. It becomes **lagging**: it remembers the sequence
 *    number at which it stopped, and that is all it costs. When its stream asks for more (`Subscriber.more`) it is given
 *    the next piece of the log, until there is none: then it is live again.
 * 5. A client that connects is one that lags, at the tip, or with a `Last-Event-ID` at that event. So subscribing,
 *    replaying and going live are one synchronous step, in which nothing can be lost or doubled.
 * 6. The log is bounded. A client whose place has been dropped from it is told so, by the lag policy or by a `gap` event.
 *
 * @module
 */

import { within } from "../base/clock.ts";
import { callHook, TidingsError } from "../base/errors.ts";
import { SharedSequencer } from "../cluster/shared_sequencer.ts";
import { Batcher } from "../log/batcher.ts";
import { LocalSequencer } from "../log/local_sequencer.ts";
import { EventLog } from "../log/log.ts";
import type { Health, Sequencer } from "../log/sequencer.ts";
import type { EventMap, PublishInput } from "../log/typed.ts";
import type { Filter } from "../log/view.ts";
import { answer, prelude, type StreamHead } from "../stream/answer.ts";
import type { StreamOptions } from "../stream/options.ts";
import { checkDrainOptions, drain, type DrainOptions, LAST_CALL } from "./drain.ts";
import {
  type BroadcasterOptions,
  type BroadcasterSettings,
  type BroadcasterStats,
  checkBroadcasterOptions,
  checkSubscribeOptions,
  type ClientInfo,
  streamOptionsOf,
  type SubscribeOptions,
} from "./options.ts";
import { Registry, SWEEP as SHORTEST_LIFE } from "./registry.ts";
import { startingPoint } from "./starting_point.ts";
import { type Feed, Subscriber } from "./subscriber.ts";

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
 * import { Broadcaster } from "tidings";
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
  readonly #options: BroadcasterOptions;
  readonly #settings: BroadcasterSettings;
  readonly #log: EventLog;
  readonly #registry: Registry;
  readonly #batcher: Batcher;
  readonly #sequencer: Sequencer;
  readonly #feed: Feed;
  #state: "open" | "closing" | "closed" = "open";
  /** What clients are told that come while it closes. */
  #retry: number | undefined;
  #settleClosed!: () => void;

  /** Resolves when {@linkcode Broadcaster.close} has ended the last client. Never rejects. */
  readonly closed: Promise<void> = new Promise((resolve) => this.#settleClosed = resolve);

  /**
   * Makes a broadcaster, which holds no timer and no client yet.
   *
   * @param options See {@linkcode BroadcasterOptions}.
   * @throws {TypeError} If an option is of no use, naming it and the value received.
   */
  constructor(options: BroadcasterOptions = {}) {
    const settings = checkBroadcasterOptions(options);
    const { history, flushInterval, clock } = settings;
    this.#options = options;
    this.#settings = settings;
    this.#log = new EventLog(history, clock);
    this.#registry = new Registry(this.#log, { clock, limits: options.limits, onClose: options.onClose });
    this.#batcher = new Batcher(this.#log, this.#registry.views, {
      interval: flushInterval,
      clock,
      meter: this.#registry,
    });
    const sequencer = this.#sequencer = options.backplane === undefined
      ? new LocalSequencer(this.#log, this.#batcher, clock)
      : new SharedSequencer(options.backplane, settings, this.#log, this.#batcher);
    this.#feed = {
      log: this.#log,
      registry: this.#registry,
      lag: settings,
      forget: (client) => sequencer.forget(client),
    };
  }

  /** How many clients are connected. */
  get size(): number {
    return this.#registry.clients.size;
  }

  /** Whether it shares its log with others, or may: whether it has a backplane. */
  get shared(): boolean {
    return this.#options.backplane !== undefined;
  }

  /**
   * Whether it takes events and clients: `"open"`; `"closing"` from {@linkcode Broadcaster.close} on, when it takes no more
   * clients; `"closed"` when the last client was ended, and it takes no more events either.
   */
  get state(): "open" | "closing" | "closed" {
    return this.#state;
  }

  /** Figures since the Broadcaster was made. */
  stats(): BroadcasterStats {
    const { clients, lagging, figures } = this.#registry;
    return {
      clients: clients.size,
      lagging: lagging.size,
      published: this.#sequencer.published,
      ...figures,
    };
  }

  /** Every client, the longest connected first. Takes time where many lag far behind: it is for people who look. */
  clients(): ClientInfo[] {
    this.#batcher.flush();
    return Array.from(this.#registry.clients, (client) => ({
      request: client.request,
      waiting: client.waiting(),
    }));
  }

  /**
   * Publishes an event to all clients, or to those of its `topic`. It goes out at the end of the running turn of the event
   * loop, together with what else the turn publishes. With a backplane that is a journey: it goes out when the engine has
   * it, on every process.
   *
   * @param input The event, or a string as short for `{ data: string }`.
   * @returns The id of the event's place in the log, at once, or with a backplane when the engine has acknowledged the event.
   * It rejects with the code `"publish-failed"` if the engine refused or did not answer in time; the option `onError` is told
   * too, so a promise that nobody awaits is never an unhandled rejection. To publish many events, do not await each: they
   * would go out one by one.
   * @throws {TidingsError} With code `"invalid-event"` if the event cannot be sent unchanged, has an `id` that
   * looks like one of the log's own or a field that is not known, is named `gap`, `tidings-cursor` or `tidings-end`, or is larger than
   * `maxEventBytes`; with code `"closed"` after {@linkcode Broadcaster.close} has finished.
   */
  publish(input: PublishInput<Events>): Promise<string> {
    if (this.#state === "closed") {
      throw new TidingsError(
        "closed",
        'The broadcaster is closed: publish before close(), or check that its state is not "closed" first',
      );
    }
    // Rest parameters would be an array for each event.
    if (arguments.length > 1) {
      throw new TypeError(
        `publish() takes one event, received ${arguments.length} arguments: write publish({ event, data })`,
      );
    }
    return this.#sequencer.publish(input);
  }

  /**
   * Whether events can be published and received; for a readiness probe. With a backplane it is not well before the engine
   * was reached, and while it cannot be.
   */
  health(): Health {
    return this.#sequencer.health();
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
    checkSubscribeOptions(options);
    const streamOptions = streamOptionsOf(options, this.#options);
    const head = answer(request, streamOptions, 200, options.lastEventIdQuery);
    if (head instanceof Response) return head;
    // One whose time is over before it could be told so is sent away with the first bytes.
    const isOver = options.expires !== undefined &&
      options.expires < this.#settings.clock.now() + SHORTEST_LIFE;
    if (this.#state !== "open" || isOver) {
      return new Response(prelude(this.#retry ?? streamOptions.retry), { headers: head.headers });
    }
    const refusal = this.#registry.refusal(options.owner);
    if (refusal !== undefined) return this.#registry.admission.turnAway(refusal, head.headers);
    const subscriber = this.#admit(request, head, options, streamOptions);
    const { onOpen } = options;
    if (onOpen !== undefined) callHook("onOpen", onOpen);
    return subscriber.response({ headers: head.headers });
  }

  /** Makes the client, which stands between two batches, and enters it once all that may fail is done. */
  #admit(
    request: Request,
    head: StreamHead,
    { topics = [], filter, owner, expires, lastEventId, lastEventIdHeader }: SubscribeOptions<Events>,
    options: StreamOptions,
  ): Subscriber {
    this.#batcher.flush();
    this.#log.trim();
    const { views } = this.#registry;
    const asked = (lastEventId ?? head.lastEventId) || undefined;
    const view = views.acquire(topics, filter as Filter | undefined);
    try {
      const place = this.#sequencer.locate(asked, view);
      if (lastEventIdHeader !== undefined && asked !== undefined) {
        head.headers.set(lastEventIdHeader, startingPoint(asked, place, this.#log));
      }
      const subscriber = new Subscriber(this.#feed, { request, head, options, view, owner, expires, place });
      this.#registry.enter(subscriber);
      if (place === undefined) this.#sequencer.wait(subscriber, asked);
      return subscriber;
    } catch (error) {
      views.release(view);
      throw error;
    }
  }

  /**
   * Ends all streams, after what was published before, and takes no new clients: those that ask are told to come back. It
   * may be called again, to be quicker; a `retry` of an earlier call stays unless another one is given.
   *
   * @param options See {@linkcode DrainOptions}.
   * @returns When the last client was ended.
   */
  async close(options: DrainOptions = {}): Promise<void> {
    checkDrainOptions(options);
    if (this.#state === "open") this.#state = "closing";
    const retry = this.#retry = options.retry ?? this.#retry;
    this.#batcher.flush();
    // An engine that does not answer must not hold up the end.
    const { clock } = this.#settings;
    const patience = Math.max(options.within ?? 0, LAST_CALL);
    await within(clock, patience, this.#sequencer.settled(), () => {});
    await drain(this.#registry, { ...options, retry });
    this.#state = "closed";
    this.#sequencer.stop();
    this.#settleClosed();
  }

  /** Closes at once, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
