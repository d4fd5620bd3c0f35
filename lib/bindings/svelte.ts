/**
 * Binds event streams to Svelte, from 4 on, as a store: {@linkcode eventStream}.
 *
 * @module
 */

import { type EventStreamOptions, type EventStreamSnapshot, type EventStreamURL, keyOf } from "./options.ts";
import { Store } from "./store.ts";

export type { EventItem, EventStreamOptions, EventStreamSnapshot, EventStreamURL } from "./options.ts";

/** A store as Svelte's `$` takes it. */
export interface EventStreamStore<Events extends object = Record<string, unknown>, Value = undefined> {
  /** Calls `run` with what there is, at once and whenever that has changed; what is returned ends it. */
  subscribe(run: (snapshot: EventStreamSnapshot<Events, Value>) => void): () => void;
}

/**
 * Makes a store of an event stream: the state of its connection, the last event, the error, and what `reduce` makes of all
 * events. It connects with its first subscriber and leaves with its last; on a server it opens nothing. Stores that mean
 * the same stream share one connection, and so do the tabs of the browser.
 *
 * For a URL that changes, derive the store: `const prices = $derived(eventStream(url))`, and use `$prices`.
 *
 * @typeParam Events The names of the events and their data, as the server's `Broadcaster` has them. Default: anything.
 * @typeParam Value What `reduce` makes of them. Give both types, or annotate the parameters of `reduce`.
 * @param url Where the stream is; `null` or `undefined` opens none.
 * @throws {TypeError} when an option is wrong or not known.
 *
 * @example
 * ```ts
 * import { eventStream } from "tidings/svelte";
 *
 * type Events = { price: { symbol: string; amount: number } };
 *
 * // In <script>; the page then has {$prices.value.ACME} and {$prices.state}.
 * export const prices = eventStream<Events, Record<string, number>>("https://example.com/prices", {
 *   initial: {},
 *   reduce: (prices, { data }) => ({ ...prices, [data.symbol]: data.amount }),
 * });
 * ```
 */
export function eventStream<Events extends object = Record<string, unknown>, Value = undefined>(
  url: EventStreamURL,
  options: EventStreamOptions<Events, Value> = {},
): EventStreamStore<Events, Value> {
  const store = new Store<Events, Value>(url, keyOf(url, options), options);
  return {
    subscribe(run) {
      run(store.read());
      return "document" in globalThis ? store.subscribe(() => run(store.read())) : () => {};
    },
  };
}
