/**
 * Defines the options of `connect()`, as types.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { TidingsError } from "../base/errors.ts";
import type { BodySource, HeadersSource } from "../base/web.ts";
import type { Schemas } from "./items.ts";

/** When to reconnect, and how soon. */
export interface RetryOptions {
  /**
   * Milliseconds the first wait may take at most; it doubles with each failure in a row, and the wait is a random part
   * of it ("full jitter"). Once the server sends a `retry` field that takes its place, from 500 ms up, and is waited in
   * any case before the random part. Default 1000.
   */
  base?: number | undefined;
  /**
   * Milliseconds the random part may take at most. What the server asks for may be longer. A connection that lasted as
   * long is taken for stable: the count of failures begins anew. Default 30 000.
   */
  max?: number | undefined;
  /** How many attempts in a row may fail after the first; for none set `retry: false`. Default `Infinity`. */
  attempts?: number | undefined;
  /**
   * Whether a request that is not a GET is made again too. Default `false`: it may do its work twice.
   */
  nonGet?: boolean | undefined;
}

/** What {@linkcode ConnectOptions.shouldRetry} is told about a failure. */
export interface RetryContext {
  /** The attempts that have failed in a row, this one not counted. */
  readonly attempt: number;
  /** What would happen without the function. */
  readonly retry: boolean;
}

/** How {@linkcode connect} connects. A name that is not here is refused, unless its value is `undefined`. */
export interface ConnectOptions<S extends Schemas = Schemas, Comments extends boolean = boolean> {
  /** The request's method, as `fetch` takes it. Default `"GET"`. */
  method?: string | undefined;
  /** The request's headers, or a function that is asked for them at each attempt, for tokens that expire. */
  headers?: HeadersSource | (() => HeadersSource | Promise<HeadersSource>) | undefined;
  /** The request's body, or a function that is asked for it at each attempt: a stream can be sent only once. */
  body?: BodySource | (() => BodySource | Promise<BodySource>) | undefined;
  /** Whether a browser sends cookies across origins, as in `fetch`. Default `"same-origin"`. */
  credentials?: "include" | "omit" | "same-origin" | undefined;
  /** Aborting it closes the stream, as `close()` does. */
  signal?: AbortSignal | undefined;
  /**
   * What makes the requests. It is given the URL and what `fetch` takes: method, headers, body, credentials and a signal.
   * What else `fetch` knows goes in here: `fetch: (url, init) => fetch(url, { ...init, redirect: "error" })`. The body of
   * its response may be a web stream, or anything that can be iterated, as node-fetch has; not React Native's. Default: the
   * global `fetch`.
   */
  fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
  /** The last event ID to begin with, out of an earlier stream's `lastEventId`; `null` is none. Default `""`. */
  lastEventId?: string | null | undefined;
  /**
   * Milliseconds without a single byte after which the connection counts as lost, from the request on. `Infinity`
   * turns it off. Default 45 000, three of the comments a server should send on a quiet stream; off where there is no
   * retry.
   */
  stallTimeout?: number | undefined;
  /** When to reconnect; `false` is never, and makes the end of the response the end of the stream. */
  retry?: RetryOptions | false | undefined;
  /**
   * Has the last word on whether a failure is retried, within `retry`'s limits; `undefined` leaves it at that. Without
   * it all is retried that may pass: a connection that broke, stalled or ended, and the statuses 408, 425, 429 and 5xx.
   */
  shouldRetry?:
    | ((error: TidingsError, context: RetryContext) => boolean | undefined | Promise<boolean | undefined>)
    | undefined;
  /** How much one event may take, in UTF-16 code units; a larger one closes the stream. Default 1 048 576. */
  maxEventSize?: number | undefined;
  /** Whether comments are handed out too, in order with the events. Default `false`. */
  comments?: Comments | undefined;
  /**
   * A schema for the data of each event name, of any library that speaks Standard Schema. It is given the data as JSON
   * if it is JSON, else or if it refuses that, as text.
   */
  schemas?: S | undefined;
  /** Time and chance, for tests. Default: the runtime's own. */
  clock?: Clock | undefined;
}
