/**
 * Defines what a component asks for and what it gets, in any framework, and when two of them mean the same stream.
 *
 * @module
 */

import { namesOf } from "../base/options.ts";
import type { Schemas, ServerGap } from "../client/items.ts";
import { checkNames } from "../client/options.ts";
import type { ServerEvent } from "../client/parse.ts";
import type { SharedOptions } from "../client/shared.ts";
import type { StreamState } from "../client/stream.ts";

/** An event of the map, as a component gets it. */
export type EventItem<Events extends object = Record<string, unknown>> = {
  [Name in keyof Events & string]: ServerEvent<Events[Name], Name>;
}[keyof Events & string];

/** Where a component's stream goes; `null` and `undefined` open none, until there is a user for example. */
export type EventStreamURL = string | URL | null | undefined;

/**
 * What a component takes of a stream, and how it connects: all that `connect()` and `connectShared()` take, but for
 * `signal` and `comments`.
 *
 * Components of a page share one connection if their URL and their plain options (texts, numbers, headers that are no
 * function) are equal; a change of one of these connects anew. Functions are looked up when they are called, and the
 * component that asked last counts, so an arrow function in a component's body changes nothing and sees what is current.
 *
 * @typeParam Events The names of the events and their data, as the server's `Broadcaster` has them. Default: anything.
 * @typeParam Value What `reduce` makes of them. Default: nothing.
 */
export interface EventStreamOptions<Events extends object = Record<string, unknown>, Value = undefined>
  extends Omit<SharedOptions<Schemas, false>, "signal" | "comments"> {
  /** The names of the events to take. Others pass by, and nothing is drawn anew for them. Default: all. */
  events?: readonly (keyof Events & string)[] | undefined;
  /** The value before the first event. Looked at once for each connection, as the argument of React's `useState` is. */
  initial?: Value | undefined;
  /** Makes a new value of the last one and an event; it must not change the last one. Called for each event, in order. */
  reduce?: ((value: Value, event: EventItem<Events>) => Value) | undefined;
  /** Called for each event, in order, before the component is drawn anew. */
  onEvent?: ((event: EventItem<Events>) => void) | undefined;
  /** Called where events may have been lost: load anew what was made of them. Default: prints it. */
  onGap?: ((gap: ServerGap) => void) | undefined;
  /**
   * Makes an event's data of its text, where no schema does. Default: what JSON makes of it, or the text if it is no JSON. A
   * text that looks like JSON needs a function: with `(text) => text` all data are texts.
   */
  parse?: ((text: string, event: string) => unknown) | undefined;
  /**
   * Whether the tabs of a browser share the connection, as by `connectShared()`. The components of a page share it in any
   * case. Default: `true`.
   */
  shared?: boolean | undefined;
}

/** What a component draws. It is never changed: when something has, there is another one. */
export interface EventStreamSnapshot<Events extends object = Record<string, unknown>, Value = undefined> {
  /** Where the stream stands: `"connecting"` at first and on a server, `"closed"` without a URL. */
  readonly state: StreamState;
  /** The last event that this component took, if any. A burst is drawn once, so use `reduce` or `onEvent` to see each. */
  readonly last: EventItem<Events> | undefined;
  /** Why the connection was lost, mostly a `TidingsError`; `undefined` while all goes well. */
  readonly error: unknown;
  /** What `reduce` has made of all events so far, `initial` at first. */
  readonly value: Value;
}

/** What does not depend on the events' types, which the connection knows nothing of. */
export type AnyOptions = Omit<EventStreamOptions, "events" | "initial" | "reduce" | "onEvent">;

/** What is the component's own. The connection knows nothing of it. */
const OWN = {
  events: true,
  initial: true,
  reduce: true,
  onEvent: true,
  onGap: true,
  parse: true,
  shared: true,
} as const;

const NAMES = namesOf<EventStreamOptions>({
  ...OWN,
  method: true,
  headers: true,
  body: true,
  credentials: true,
  fetch: true,
  lastEventId: true,
  stallTimeout: true,
  retry: true,
  shouldRetry: true,
  maxEventSize: true,
  schemas: true,
  clock: true,
  name: true,
  history: true,
}).join(" ");

/** The options of the connection alone; its functions ask those that are given last. */
export function connectionOptions(
  options: AnyOptions,
  latest: () => AnyOptions,
): SharedOptions<Schemas, false> {
  const connection: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options)) {
    if (name in OWN || (options.shared === false && /^(name|history)$/.test(name))) continue;
    const current = () => (latest() as typeof connection)[name] ?? value;
    connection[name] = typeof value !== "function"
      ? value
      : (...args: unknown[]) => (current() as (...args: unknown[]) => unknown)(...args);
  }
  return connection;
}

/**
 * Says which stream is meant: the same for two components that may share one.
 *
 * @throws {TypeError} when an option is not known.
 */
export function keyOf(url: EventStreamURL, options: AnyOptions): string {
  checkNames(options, NAMES);
  const { shared, name, history, method, credentials, stallTimeout, maxEventSize, headers, body } = options;
  const { base, max, attempts, nonGet } = options.retry || {};
  const plain: unknown[] = [url, shared, name, history, method, credentials, stallTimeout, maxEventSize];
  plain.push(options.retry === false, base, max, attempts, nonGet, typeof body === "string" ? body : "");
  const own = headers && typeof headers !== "function" ? [...new Headers(headers) as Iterable<unknown>] : [];
  return JSON.stringify([plain.map(String), own]);
}
