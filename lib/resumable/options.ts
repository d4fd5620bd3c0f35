/**
 * Defines what {@linkcode ResumableStreams} takes and tells: its options, those of its methods, and a stream's status.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { show, TidingsError } from "../base/errors.ts";
import {
  checkNames,
  clockOption,
  durationOption,
  functionOption,
  namesOf,
  numberOption,
  signalOption,
  textOption,
  wrongOption,
} from "../base/options.ts";
import { RESERVED_NAMES } from "../log/gap.ts";
import { memoryStore } from "../store/memory.ts";
import type { EndState, StreamHead, StreamStore } from "../store/store.ts";
import { checkStreamOptions, STREAM_OPTIONS, type StreamOptions } from "../stream/options.ts";
import type { EventInput } from "../wire/event.ts";
import type { StoredEvent } from "./event.ts";
import type { WorkSource } from "./source.ts";

/** Bounds of {@linkcode ResumableStreams}. */
export interface StreamLimits {
  /** Streams that this process runs at once; one more is refused with `"stream-limit"`. Default: 1,000. */
  running?: number | undefined;
  /** Events kept of one stream; the oldest are forgotten past that, and readers who need them get a `gap`. Default: 100,000. */
  events?: number | undefined;
  /** Bytes kept of one stream, encoded. Default: 16,777,216. */
  bytes?: number | undefined;
  /**
   * Bytes of one stream that may wait for the store, when events are appended without waiting. Sources that can wait are
   * made to from 65,536 on. Default: 1,048,576.
   */
  pending?: number | undefined;
}

/** What is known of work whose process has died. */
export interface LostWork {
  /** All its events that are kept. */
  readonly events: readonly StoredEvent[];
  /** How many times it was lost, this time included. */
  readonly losses: number;
  /** Aborted if it is lost to this process too, or ended while the source is being found. */
  readonly signal: AbortSignal;
}

/**
 * How readers are told of a stream's end: the name of an event whose data is `{ state, events, reason }`; `false` for no
 * event, where the stream's own events tell it; or a function that makes the event from how the stream ended, for clients
 * that know a sign of their own, or `undefined` for none. The same on all processes, and it must not give an `id`.
 */
export type EndWords = string | false | ((status: StreamStatus) => EventInput | undefined);

/** Options of {@linkcode ResumableStreams}. */
export interface ResumableOptions {
  /**
   * Where the events are kept: `redisStore()` of `tidings/redis`, `jetStreamStore()` of `tidings/nats`, or one of your own.
   * It must not be shared by two `ResumableStreams` of a process. Default: {@linkcode memoryStore}, for a single process.
   */
  store?: StreamStore | undefined;
  /** Milliseconds for which a stream can be read after its end. Default: 600,000. */
  keep?: number | undefined;
  /**
   * Milliseconds after which a stream that nobody reads, on any process, is stopped as `"abandoned"`; looked at with each
   * append, and every 1 to 5 s between. `Infinity` for never: it runs on whoever reads. Default: 30,000.
   */
  patience?: number | undefined;
  /**
   * Milliseconds after which the streams of a process that died are lost: readers everywhere get their end within this time
   * and 4 s more. A process must not be held up for that long, or it loses its streams while it lives. Default: 15,000.
   */
  lease?: number | undefined;
  /** Bounds. Default: see {@linkcode StreamLimits}. */
  limits?: StreamLimits | undefined;
  /** How readers are told of the end: see {@linkcode EndWords}. Default: `"end"`. */
  end?: EndWords | undefined;
  /**
   * Milliseconds after which a client that takes nothing of what waits for it is cut off; looked at with each new event.
   * Default: 60,000.
   */
  lagTimeout?: number | undefined;
  /**
   * Takes over the work of a process that died: returns a source that goes on from where it was, or nothing to let it be
   * lost. Of all processes that have this, one is asked. Default: it is lost.
   */
  onLost?:
    | ((id: string, work: LostWork) => WorkSource | undefined | Promise<WorkSource | undefined>)
    | undefined;
  /** Told what goes wrong: sources that threw, and a store that cannot be reached. Default: prints it. */
  onError?: ((error: unknown, id: string | undefined) => void) | undefined;
  /** Time and chance, for tests. Default: the runtime's own. */
  clock?: Clock | undefined;
}

/** Options of {@linkcode ResumableStreams.open}. */
export interface OpenOptions {
  /** Milliseconds as {@linkcode ResumableOptions.patience}, for this stream. Default: as all. */
  patience?: number | undefined;
}

/** Options of {@linkcode ResumableStreams.start}. */
export interface StartOptions extends OpenOptions {
  /**
   * What happens if a stream by this id is running already. `"refuse"`: the error `"stream-taken"`. `"join"`: it stays as it
   * is, the source is not used, and the handle is the running one's. Default: `"refuse"`.
   */
  ifTaken?: "refuse" | "join" | undefined;
}

/** Options of {@linkcode ResumableStreams.subscribe}. */
export interface StreamSubscribeOptions extends Omit<StreamOptions, "clock"> {
  /** The id after which to go on; `""` for from the beginning, whatever the request says. Default: the request's `Last-Event-ID`. */
  lastEventId?: string | undefined;
  /** The name of a query parameter that is read where the request has no `Last-Event-ID`. Default: none. */
  lastEventIdQuery?: string | undefined;
  /**
   * Sends no more than the newest so many of the events that the client has not had, and no `gap` in the place of the others:
   * for streams whose events each tell a whole state. `0` for only what is new. Default: all.
   */
  newest?: number | undefined;
  /**
   * The name of an event that is sent once, without an id, when the client has had all that there was: what comes after it is
   * new. Its data is `{ events }`, how many there were. A stream that has ended has none. Default: none.
   */
  live?: string | undefined;
  /** Answers where there is no such stream. Default: 404, with a sentence as its body. */
  unknown?: (() => Response | Promise<Response>) | undefined;
  /** Answers a client that has had all of a stream that has ended. Default: 204, which tells every `EventSource` to stop. */
  finished?: ((status: StreamStatus) => Response | Promise<Response>) | undefined;
}

/** Options of {@linkcode ResumableStreams.read}. */
export interface ReadOptions {
  /** The id after which to begin. Default: the beginning. */
  after?: string | undefined;
  /** Ends the reading, without an error. */
  signal?: AbortSignal | undefined;
}

/** How a stream stands: see {@linkcode ResumableStreams.status}. */
export interface StreamStatus {
  /** Whether it runs, or how it ended. */
  readonly state: "running" | EndState;
  /** Why it ended, in words, if somebody gave any. */
  readonly reason: string | undefined;
  /** How many events it had. */
  readonly events: number;
  /** Bytes of them, encoded. */
  readonly bytes: number;
  /** When it was started. */
  readonly startedAt: Date;
  /** When it ended, if it has. */
  readonly endedAt: Date | undefined;
  /** How many processes read it, as far as the store can tell. */
  readonly readers: number;
}

export function statusOf(
  { state, reason, last, bytes, startedAt, endedAt, readers }: StreamHead,
): StreamStatus {
  return {
    state,
    reason,
    events: last,
    bytes,
    startedAt: new Date(startedAt),
    endedAt: endedAt === undefined ? undefined : new Date(endedAt),
    readers,
  };
}

const OPTIONS = namesOf<ResumableOptions>({
  store: true,
  keep: true,
  patience: true,
  lease: true,
  limits: true,
  end: true,
  lagTimeout: true,
  onLost: true,
  onError: true,
  clock: true,
});
const LIMITS = namesOf<StreamLimits>({ running: true, events: true, bytes: true, pending: true });
const OPEN_OPTIONS = namesOf<OpenOptions>({ patience: true });
const START_OPTIONS = namesOf<StartOptions>({ patience: true, ifTaken: true });
const READ_OPTIONS = namesOf<ReadOptions>({ after: true, signal: true });
const SUBSCRIBE_OPTIONS = [
  ...STREAM_OPTIONS.filter((name) => name !== "clock"),
  ...namesOf<Omit<StreamSubscribeOptions, keyof StreamOptions>>({
    lastEventId: true,
    lastEventIdQuery: true,
    newest: true,
    live: true,
    unknown: true,
    finished: true,
  }),
];

/** The options with their defaults. */
export interface Settings {
  readonly store: StreamStore;
  readonly keep: number;
  readonly patience: number;
  readonly lease: number;
  readonly limits: {
    readonly running: number;
    readonly events: number;
    readonly bytes: number;
    readonly pending: number;
  };
  readonly end: EndWords;
  readonly lagTimeout: number;
  readonly onLost: ResumableOptions["onLost"];
  readonly onError: ResumableOptions["onError"];
  readonly clock: Clock;
}

// What every store can be expected to have.
const METHODS = ["create", "append", "end", "claim", "overdue", "read", "watch", "own", "close"] as const;

/**
 * The settings that the options make, defaults filled in.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function settingsOf(options: ResumableOptions): Settings {
  checkNames("ResumableStreams", options, OPTIONS);
  const clock = clockOption(options.clock);
  const { keep = 600_000, patience = 30_000, lease = 15_000, limits = {}, end = "end", lagTimeout = 60_000 } =
    options;
  const { store = memoryStore({ clock }) } = options;
  for (const method of METHODS) {
    if (typeof store?.[method] !== "function") {
      throw wrongOption("store", `a store, such as redisStore(client), with the method "${method}"`, store);
    }
  }
  durationOption("keep", keep, { least: 0 });
  checkPatience(patience);
  durationOption("lease", lease, { least: 1_000 });
  durationOption("lagTimeout", lagTimeout, { least: 1, endless: true });
  checkNames("limits", limits, LIMITS);
  const { running = 1_000, events = 100_000, bytes = 16 << 20, pending = 1 << 20 } = limits;
  numberOption("limits.running", running, { least: 1, unit: "streams", endless: true });
  numberOption("limits.events", events, { least: 1, unit: "events", endless: true });
  numberOption("limits.bytes", bytes, { least: 1, unit: "bytes", endless: true });
  numberOption("limits.pending", pending, { least: 1, unit: "bytes" });
  if (end !== false && typeof end !== "function") {
    nameOption("end", end, "the name of an event that tidings does not send itself, a function or false");
  }
  functionOption("onLost", options.onLost);
  functionOption("onError", options.onError);
  return {
    store,
    keep,
    patience,
    lease,
    limits: { running, events, bytes, pending },
    end,
    lagTimeout,
    onLost: options.onLost,
    onError: options.onError,
    clock,
  };
}

function checkPatience(patience: number): void {
  durationOption("patience", patience, { least: 1, endless: true });
}

/**
 * Checks the options of `open`.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkOpenOptions(options: OpenOptions): void {
  checkNames("open", options, OPEN_OPTIONS);
  if (options.patience !== undefined) checkPatience(options.patience);
}

/** The name of an event that none of our own has. */
function nameOption(option: string, name: unknown, rule: string): void {
  const isName = typeof name === "string" && name !== "" && !/[\r\n]/.test(name);
  if (!isName || RESERVED_NAMES.includes(name)) throw wrongOption(option, rule, name);
}

/**
 * Checks the options of `start`.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkStartOptions(options: StartOptions): void {
  checkNames("start", options, START_OPTIONS);
  const { ifTaken, patience } = options;
  if (patience !== undefined) checkPatience(patience);
  if (ifTaken !== undefined && ifTaken !== "refuse" && ifTaken !== "join") {
    throw wrongOption("ifTaken", '"refuse" or "join"', ifTaken);
  }
}

/**
 * Checks the options of `subscribe`.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkSubscribeOptions(options: StreamSubscribeOptions): void {
  checkNames("subscribe", options, SUBSCRIBE_OPTIONS);
  checkStreamOptions(options);
  const { lastEventId, lastEventIdQuery, newest, live, unknown, finished } = options;
  textOption("lastEventId", lastEventId);
  textOption("lastEventIdQuery", lastEventIdQuery);
  if (newest !== undefined) numberOption("newest", newest, { least: 0, unit: "events", endless: true });
  if (live !== undefined) {
    nameOption("live", live, "the name of an event that tidings does not send itself");
  }
  functionOption("unknown", unknown);
  functionOption("finished", finished);
}

/**
 * Checks the options of `read`.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkReadOptions(options: ReadOptions): void {
  checkNames("read", options, READ_OPTIONS);
  const { after, signal } = options;
  textOption("after", after);
  signalOption(signal);
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\0-\x1f\x7f]/;
const LONGEST_ID = 200;

/**
 * Checks a stream's id.
 *
 * @param usage How the method is called, for whoever has the arguments in another order.
 * @throws {TypeError} If it is none.
 */
export function checkId(id: string, usage = ""): void {
  if (typeof id === "string" && id !== "" && id.length <= LONGEST_ID && !CONTROL.test(id)) return;
  throw new TypeError(
    `A stream's id must be a string of 1 to ${LONGEST_ID} characters without control characters, received ${
      show(id)
    }${typeof id === "string" || usage === "" ? "" : `: write ${usage}`}`,
  );
}

/** There is no stream by this id, or no longer. */
export function unknownStream(id: string): TidingsError {
  return new TidingsError("stream-unknown", `There is no stream ${show(id)}, or it is no longer kept`);
}
