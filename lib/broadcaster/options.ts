/**
 * What a Broadcaster and its subscriptions can be told, and what a Broadcaster tells of itself.
 *
 * @module
 */

import { show } from "../errors.ts";
import type { LogLimits } from "./log.ts";
import { functionOption, numberOption, wrongOption } from "../options.ts";
import { checkStreamOptions, type StreamOptions } from "../stream.ts";
import type { LagPolicy } from "./subscriber.ts";
import type { EventMap, PublishEvent } from "./typed.ts";

/** What a Broadcaster keeps, for clients that lag and for those that come back. The first bound reached counts. */
export interface HistoryOptions {
  /** Events. Default: 10,000. */
  events?: number | undefined;
  /** Bytes of encoded events; also the size of the largest event that can be published. Default: 8,388,608. */
  bytes?: number | undefined;
  /** Milliseconds. Default: 300,000. */
  age?: number | undefined;
}

/** Options of a {@linkcode Broadcaster}. */
export interface BroadcasterOptions {
  /** How much is kept. Default: see {@linkcode HistoryOptions}. */
  history?: HistoryOptions | undefined;
  /** What happens to a client that falls off the history. Default: `"disconnect"`. */
  lagPolicy?: LagPolicy | undefined;
  /**
   * Milliseconds after which a client that takes nothing of what waits for it is ended, with the reason `"lagging"`. The
   * kernel's buffers hide a stall at first: some megabytes. Default: 60,000.
   */
  lagTimeout?: number | undefined;
  /** The clock that ages events, in milliseconds; for tests. Default: `Date.now`. */
  now?: (() => number) | undefined;
}

/** Options of {@linkcode Broadcaster.subscribe}. */
export interface SubscribeOptions<Events extends EventMap = EventMap> extends StreamOptions {
  /**
   * The topics to receive, or `"*"` for every one. Events that were published without a topic are received in any case.
   * Default: none.
   */
  topics?: readonly string[] | "*" | undefined;
  /**
   * Receives the events for which it returns `true`, as they were published. Pass the same function for many clients and
   * they share its answers. If it throws, the event is withheld and the error printed.
   */
  filter?: ((event: PublishEvent<Events>) => boolean) | undefined;
  /** The id after which to go on. Default: the request's `Last-Event-ID`, or else only what is new. */
  lastEventId?: string | undefined;
  /**
   * The name of a query parameter that is read where the request has no `Last-Event-ID`: a page that makes a new
   * `EventSource`, because the browser has given up on the old one, cannot send that header. Default: none.
   */
  lastEventIdQuery?: string | undefined;
}

/** Figures of a {@linkcode Broadcaster}, since it was made. */
export interface BroadcasterStats {
  /** Clients that are connected. */
  readonly clients: number;
  /** Those of them that have not taken all yet. */
  readonly lagging: number;
  /** Events published. */
  readonly published: number;
  /** Events handed to clients: one event for three clients counts three. */
  readonly delivered: number;
  /** Bytes of them. */
  readonly bytes: number;
  /** Events gone from the history before a client had taken them; with topics or a filter, at most so many. */
  readonly dropped: number;
}

const LAG_POLICIES: readonly LagPolicy[] = ["disconnect", "skip", "latest"];

/**
 * Checks a Broadcaster's options and fills in the defaults.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkBroadcasterOptions(
  options: BroadcasterOptions,
): { limits: LogLimits; lagPolicy: LagPolicy; lagTimeout: number; now: () => number } {
  const { history = {}, lagPolicy = "disconnect", lagTimeout = 60_000, now = Date.now } = options;
  const { events = 10_000, bytes = 8 << 20, age = 300_000 } = history;
  numberOption("history.events", events, { least: 1, unit: "events" });
  numberOption("history.bytes", bytes, { least: 1, unit: "bytes" });
  numberOption("history.age", age, { least: 1, unit: "milliseconds", endless: true });
  numberOption("lagTimeout", lagTimeout, { least: 1, unit: "milliseconds", endless: true });
  if (!LAG_POLICIES.includes(lagPolicy)) {
    throw wrongOption("lagPolicy", `one of ${LAG_POLICIES.map(show).join(", ")}`, lagPolicy);
  }
  functionOption("now", now);
  return { limits: { events, bytes, age }, lagPolicy, lagTimeout, now };
}

/**
 * Checks a subscription's options.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkSubscribeOptions<Events extends EventMap>(options: SubscribeOptions<Events>): void {
  const { topics = [], filter } = options;
  checkStreamOptions(options);
  functionOption("filter", filter);
  if (topics === "*") return;
  if (!Array.isArray(topics)) {
    throw wrongOption("topics", 'an array of strings, or "*" for every topic', topics);
  }
  for (const topic of topics) {
    if (typeof topic !== "string" || topic === "") {
      throw wrongOption("topics", "an array of strings that are not empty", topic);
    }
  }
}
