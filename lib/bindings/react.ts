/**
 * Binds event streams to React, from 18 on: {@linkcode useEventStream}.
 *
 * @module
 */

import { useEffect, useMemo, useSyncExternalStore } from "react";
import { type EventStreamOptions, type EventStreamSnapshot, type EventStreamURL, keyOf } from "./options.ts";
import { Store } from "./store.ts";

export type { EventItem, EventStreamOptions, EventStreamSnapshot, EventStreamURL } from "./options.ts";

/**
 * Gives a component an event stream: the state of its connection, the last event, and what `reduce` makes of all of them.
 *
 * It connects when the component has been put on the page and leaves with it. Components that mean the same stream share
 * one connection, and so do the tabs of the browser. It is safe in strict mode; on a server nothing is opened, and the
 * component is drawn with `initial`, as it is when a page of the server's is taken over.
 *
 * A connection that is lost is made again, and goes on after the last event. Once it is lost for good the state is
 * `"closed"`, and `error` says why.
 *
 * @typeParam Events The names of the events and their data, as the server's `Broadcaster` has them. Default: anything.
 * @typeParam Value What `reduce` makes of them. Give both types, or annotate the parameters of `reduce`.
 * @param url Where the stream is; `null` or `undefined` opens none. A new one connects anew.
 * @throws {TypeError} when an option is wrong or not known.
 *
 * @example
 * ```ts
 * import { createElement } from "react";
 * import { useEventStream } from "tidings/react";
 *
 * type Events = { price: { symbol: string; amount: number } };
 *
 * export function Prices() {
 *   const { state, value } = useEventStream<Events, Record<string, number>>("/prices", {
 *     events: ["price"],
 *     initial: {},
 *     reduce: (prices, { data }) => ({ ...prices, [data.symbol]: data.amount }),
 *   });
 *   return createElement("p", { className: state }, `ACME: ${value["ACME"] ?? "…"}`);
 * }
 * ```
 */
export function useEventStream<Events extends object = Record<string, unknown>, Value = undefined>(
  url: EventStreamURL,
  options: EventStreamOptions<Events, Value> = {},
): EventStreamSnapshot<Events, Value> {
  const key = keyOf(url, options);
  const store = useMemo(() => new Store<Events, Value>(url, key, options), [key]);
  useEffect(() => {
    store.options = options;
  });
  return useSyncExternalStore(store.subscribe, store.read, () => store.initial);
}
