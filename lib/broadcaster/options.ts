/**
 * Defines what a Broadcaster takes and tells: its options, those of its subscriptions, and its figures.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { report, show, type TidingsError } from "../base/errors.ts";
import {
  checkNames,
  clockOption,
  durationOption,
  functionOption,
  namesOf,
  numberOption,
  textOption,
  wrongOption,
} from "../base/options.ts";
import type { HeadersSource } from "../base/web.ts";
import type { Backplane } from "../cluster/backplane.ts";
import type { LogLimits } from "../log/log.ts";
import {
  checkStreamOptions,
  type CloseInfo,
  KEEPALIVE_ELSEWHERE,
  STREAM_OPTIONS,
  type StreamOptions,
} from "../stream/options.ts";
import type { LimitOptions } from "./admission.ts";
import type { TopicMatcher } from "../log/matchers.ts";
import type { EventMap, PublishEvent } from "../log/typed.ts";

/** What a Broadcaster keeps, for clients that lag and for those that come back. The first bound reached counts. */
export interface HistoryOptions {
  /** Events. Default: 10,000. */
  events?: number | undefined;
  /** Bytes of encoded events. Default: 8,388,608. */
  bytes?: number | undefined;
  /** Milliseconds. Default: 300,000. */
  age?: number | undefined;
}

/**
 * What happens to a client that has not taken events before the log dropped them.
 *
 * - `"disconnect"`: its stream ends. It comes back with its last id, and is told of the gap then
 * - `"skip"`: it gets a `gap` event and goes on from the oldest event kept
 * - `"latest"`: as `"skip"`, and whenever it lags it gets only the newest event of each `key`
 */
export type LagPolicy = "disconnect" | "skip" | "latest";

/** Options of a stream that can be set once for all clients of a {@linkcode Broadcaster}. */
export type SharedStreamOptions = Pick<
  StreamOptions,
  "keepalive" | "retry" | "headers" | "cors" | "compression" | "clock"
>;

/**
 * Options of a {@linkcode Broadcaster}. Those of a stream are for all its clients, and may be set anew for one of them in
 * {@linkcode Broadcaster.subscribe}; `headers` of both are sent.
 */
export interface BroadcasterOptions extends SharedStreamOptions {
  /** How much is kept. Default: see {@linkcode HistoryOptions}. */
  history?: HistoryOptions | undefined;
  /** Bytes that one event may take when it is encoded, at most those of the history. Default: `history.bytes`. */
  maxEventBytes?: number | undefined;
  /** What happens to a client that falls off the history. Default: `"disconnect"`. */
  lagPolicy?: LagPolicy | undefined;
  /**
   * Milliseconds after which a client that takes nothing of what waits for it is ended, with the reason `"lagging"`. The
   * kernel's buffers hide a stall at first: some megabytes. Default: 60,000.
   */
  lagTimeout?: number | undefined;
  /**
   * Bytes that may wait for a client in the history; past that it is cut off, with the reason `"lagging"`. Looked at once
   * a second. Default: `Infinity`, which leaves it to the history.
   */
  lagBytes?: number | undefined;
  /**
   * The log that this broadcaster shares with others, in other processes, and that outlives them: `sqliteLog()` of
   * `tidings/sqlite`, `redisStreams()` of `tidings/redis`, `jetStream()` of `tidings/nats`, `postgresLog()` of
   * `tidings/postgres`, or an engine of your own. Default: none, it stands alone.
   */
  backplane?: Backplane | undefined;
  /**
   * With a backplane: milliseconds that an event may take to be acknowledged, tries included, after which `publish()`
   * rejects. Default: 5,000.
   */
  publishTimeout?: number | undefined;
  /** With a backplane: events that may wait to be acknowledged; past that `publish()` rejects at once. Default: 10,000. */
  outbox?: number | undefined;
  /**
   * Told what goes wrong with the backplane: once for each time that it is lost, of every event that could not be published,
   * and once if what is too old cannot be trimmed. Default: prints it.
   */
  onError?: ((error: TidingsError) => void) | undefined;
  /** How many clients there may be, and for how long. Default: no limits. */
  limits?: LimitOptions | undefined;
  /**
   * Milliseconds for which what is published is held back, so that what trickles in one by one goes out together. Default:
   * 0, which holds it to the end of the running turn only.
   */
  flushInterval?: number | undefined;
  /** Told of every client whose stream ended, with its request: who and why. Each subscription has an `onClose` too. */
  onClose?: ((info: CloseInfo, request: Request) => void) | undefined;
}

/** Options of {@linkcode Broadcaster.subscribe}. */
export interface SubscribeOptions<Events extends EventMap = EventMap> extends Omit<StreamOptions, "clock"> {
  /**
   * The topics to receive, each by its name or by a {@linkcode TopicMatcher}, or `"*"` for every one. Events that were
   * published without a topic are received in any case. Default: none.
   */
  topics?: readonly (string | TopicMatcher)[] | "*" | undefined;
  /**
   * Receives the events for which it returns `true`, as they were published. Pass the same function for many clients and
   * they share its answers. If it throws, the event is withheld and the error printed.
   */
  filter?: ((event: PublishEvent<Events>) => boolean) | undefined;
  /** Whose client this is, for the limit `clientsPerOwner`: an address, a user. Default: nobody's, and not limited. */
  owner?: string | undefined;
  /**
   * When its stream ends at the latest, as `Date.now()` counts: when the user's token does, for example. A client that has
   * taken all is let go up to two seconds earlier, with the reason `"lifetime"`, and comes back by itself. Default: never.
   */
  expires?: number | undefined;
  /**
   * The id after which to go on; `"earliest"` for all that is kept in memory, `""` for only what is new, whatever the
   * request says. Default: the request's `Last-Event-ID`, which may say `earliest` too, or else only what is new.
   */
  lastEventId?: string | undefined;
  /**
   * The name of a query parameter that is read where the request has no `Last-Event-ID`: a page that makes a new
   * `EventSource`, because the browser has given up on the old one, cannot send that header. Default: none.
   */
  lastEventIdQuery?: string | undefined;
  /**
   * The name of a response header that tells a client that came with an id where its stream goes on: the same id, or another
   * one, or `earliest` if no event kept comes before, where it may have missed something. With a backplane, of a place that
   * this process has to look for first, it says the id that was asked for, and a `gap` event tells if it was not found.
   * Default: none.
   */
  lastEventIdHeader?: string | undefined;
  /**
   * Called once the client was let in, before `subscribe()` returns, and before `onClose`. Not called for a `HEAD` request and
   * a preflight, nor for a client that has left already or was turned away. Default: none.
   */
  onOpen?: (() => void) | undefined;
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
  /** Clients that were turned away because a limit was reached. */
  readonly refused: number;
  /** Events gone from the history before a client had taken them; with topics or a filter, at most so many. */
  readonly dropped: number;
}

/** A client of a {@linkcode Broadcaster}. */
export interface ClientInfo {
  /** The request it came with. */
  readonly request: Request;
  /** What is in the history for it and was not yet handed over: nothing, unless it lags. */
  readonly waiting: { readonly events: number; readonly bytes: number };
}

const LAG_POLICIES: readonly LagPolicy[] = ["disconnect", "skip", "latest"];

/** How clients that lag are dealt with. */
export interface LagSettings {
  readonly lagPolicy: LagPolicy;
  readonly lagTimeout: number;
  readonly lagBytes: number;
}

/** A Broadcaster's options, checked, with the defaults filled in. */
export interface BroadcasterSettings extends LagSettings {
  readonly history: LogLimits;
  readonly flushInterval: number;
  readonly publishTimeout: number;
  readonly outbox: number;
  readonly onError: (error: TidingsError) => void;
  readonly clock: Clock;
}

const HISTORY_OPTIONS = namesOf<HistoryOptions>({ events: true, bytes: true, age: true });
const BROADCASTER_OPTIONS = namesOf<BroadcasterOptions>({
  keepalive: true,
  retry: true,
  headers: true,
  cors: true,
  compression: true,
  clock: true,
  history: true,
  maxEventBytes: true,
  lagPolicy: true,
  lagTimeout: true,
  lagBytes: true,
  backplane: true,
  publishTimeout: true,
  outbox: true,
  onError: true,
  limits: true,
  flushInterval: true,
  onClose: true,
});

/** What an option was called before, or is called by other libraries. */
const OTHER_NAMES = {
  ...KEEPALIVE_ELSEWHERE,
  now: "clock",
  maxClients: "limits: { clients }",
  maxConnections: "limits: { clients }",
};

/**
 * Checks a Broadcaster's options and fills in the defaults.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkBroadcasterOptions(options: BroadcasterOptions): BroadcasterSettings {
  checkNames("Broadcaster", options, BROADCASTER_OPTIONS, OTHER_NAMES);
  const { history = {}, lagPolicy = "disconnect", lagTimeout = 60_000, lagBytes = Infinity } = options;
  checkNames("history", history, HISTORY_OPTIONS, {}, "events");
  const { events = 10_000, bytes = 8 << 20, age = 300_000 } = history;
  const { maxEventBytes = bytes, flushInterval = 0, publishTimeout = 5_000, outbox = 10_000 } = options;
  const { backplane, onClose, onError = (error) => report("the backplane", error) } = options;
  numberOption("history.events", events, { least: 1, unit: "events" });
  numberOption("history.bytes", bytes, { least: 1, unit: "bytes" });
  // No timer is set to these three, so they may be longer than one can be.
  numberOption("history.age", age, { least: 1, unit: "milliseconds", endless: true });
  numberOption("lagTimeout", lagTimeout, { least: 1, unit: "milliseconds", endless: true });
  numberOption("lagBytes", lagBytes, { least: 1, unit: "bytes", endless: true });
  numberOption("maxEventBytes", maxEventBytes, { least: 1, unit: "bytes" });
  if (maxEventBytes > bytes) {
    throw wrongOption("maxEventBytes", `at most the ${bytes} of the option "history.bytes"`, maxEventBytes);
  }
  durationOption("flushInterval", flushInterval, { least: 0 });
  if (!LAG_POLICIES.includes(lagPolicy)) {
    throw wrongOption("lagPolicy", `one of ${LAG_POLICIES.map(show).join(", ")}`, lagPolicy);
  }
  durationOption("publishTimeout", publishTimeout, { least: 1, endless: true });
  numberOption("outbox", outbox, { least: 1, unit: "events" });
  if (backplane !== undefined && typeof backplane?.append !== "function") {
    throw wrongOption("backplane", "a Backplane, for example of redisStreams()", backplane);
  }
  // Its `onClose` is told of the request too, so it is another one.
  checkStreamOptions({ ...options, onClose: undefined });
  functionOption("onClose", onClose);
  functionOption("onError", onError);
  return {
    history: { events, bytes, age, eventBytes: maxEventBytes },
    lagPolicy,
    lagTimeout,
    lagBytes,
    flushInterval,
    publishTimeout,
    outbox,
    onError,
    clock: clockOption(options.clock),
  };
}

const SUBSCRIBE_OPTIONS = [
  ...STREAM_OPTIONS.filter((name) => name !== "clock"),
  ...namesOf<Omit<SubscribeOptions, keyof StreamOptions>>({
    topics: true,
    filter: true,
    owner: true,
    expires: true,
    lastEventId: true,
    lastEventIdQuery: true,
    lastEventIdHeader: true,
    onOpen: true,
  }),
];

/**
 * Checks a subscription's options.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkSubscribeOptions<Events extends EventMap>(options: SubscribeOptions<Events>): void {
  checkNames("subscribe", options, SUBSCRIBE_OPTIONS, { key: "owner" });
  checkStreamOptions(options);
  const { topics = [], filter, owner, expires = Infinity, lastEventId, lastEventIdQuery, lastEventIdHeader } =
    options;
  functionOption("filter", filter);
  functionOption("onOpen", options.onOpen);
  textOption("owner", owner);
  textOption("lastEventId", lastEventId);
  textOption("lastEventIdQuery", lastEventIdQuery);
  textOption("lastEventIdHeader", lastEventIdHeader);
  numberOption("expires", expires, {
    least: 0,
    unit: "milliseconds since 1970",
    whole: false,
    endless: true,
  });
  if (topics === "*") return;
  if (!Array.isArray(topics)) {
    throw wrongOption("topics", 'an array of strings, or "*" for every topic', topics);
  }
  for (const topic of topics) {
    if (typeof topic === "object" && topic !== null) {
      checkMatcher(topic);
      continue;
    }
    if (typeof topic !== "string" || topic === "") {
      throw wrongOption("topics", "an array of strings that are not empty, or of topic matchers", topic);
    }
    if (topic === "*") throw wrongOption("topics", 'the string "*" alone for every topic', '["*"]');
  }
}

/**
 * It may be an instance of a class of the caller's, with fields of its own, so its names are not checked.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
function checkMatcher({ key, matches, index }: TopicMatcher): void {
  if (typeof key !== "string" || key === "") {
    throw wrongOption("topics[].key", "a string that is not empty", key);
  }
  if (typeof matches !== "function") throw wrongOption("topics[].matches", "a function", matches);
  if (index === undefined) return;
  if (typeof index?.spell !== "function" || typeof index.prefix !== "string") {
    throw wrongOption("topics[].index", "an object with the function spell and the string prefix", index);
  }
}

/** The options of one client's stream: its own, and for the rest the Broadcaster's. The type asks for each of them. */
export function streamOptionsOf(
  options: StreamOptions,
  shared: BroadcasterOptions,
): { [Name in keyof Required<StreamOptions>]: StreamOptions[Name] } {
  return {
    keepalive: options.keepalive ?? shared.keepalive,
    retry: options.retry ?? shared.retry,
    headers: joinHeaders(shared.headers, options.headers),
    cors: options.cors ?? shared.cors,
    compression: options.compression ?? shared.compression,
    signal: options.signal,
    onClose: options.onClose,
    clock: shared.clock,
  };
}

function joinHeaders(
  shared: HeadersSource | undefined,
  own: HeadersSource | undefined,
): HeadersSource | undefined {
  if (shared === undefined || own === undefined) return own ?? shared;
  const headers = new Headers(shared);
  for (const [name, value] of new Headers(own)) headers.set(name, value);
  return headers;
}
