/**
 * Binds event streams to Vue 3: {@linkcode useEventStream}.
 *
 * @module
 */

import { computed, type ComputedRef, getCurrentInstance, type MaybeRefOrGetter } from "vue";
import { onMounted, shallowRef, toValue, watch, watchEffect } from "vue";
import { type EventStreamOptions, type EventStreamSnapshot, type EventStreamURL, keyOf } from "./options.ts";
import { Store } from "./store.ts";

export type { EventItem, EventStreamOptions, EventStreamSnapshot, EventStreamURL } from "./options.ts";

/** A snapshot whose parts are refs. */
export type EventStreamRefs<Events extends object = Record<string, unknown>, Value = undefined> = {
  readonly [Name in keyof EventStreamSnapshot]: ComputedRef<
    EventStreamSnapshot<Events, Value>[Name]
  >;
};

/**
 * Gives a component an event stream: refs of the state of its connection, the last event, the error, and what `reduce`
 * makes of all events.
 *
 * It connects when the component is mounted and leaves with it, so on a server nothing is opened; in an `effectScope`
 * outside of components it connects at once. Components that mean the same stream share one connection, and so do the
 * tabs of the browser.
 *
 * @typeParam Events The names of the events and their data, as the server's `Broadcaster` has them. Default: anything.
 * @typeParam Value What `reduce` makes of them. Give both types, or annotate the parameters of `reduce`.
 * @param url Where the stream is, or a ref or getter of it: a new one connects anew. `null` or `undefined` opens none.
 * @param options May be a ref or a getter, too.
 * @throws {TypeError} when an option is wrong or not known.
 *
 * @example
 * ```ts
 * import { defineComponent, h } from "vue";
 * import { useEventStream } from "tidings/vue";
 *
 * type Events = { price: { symbol: string; amount: number } };
 *
 * export const Price = defineComponent(() => {
 *   const { state, last } = useEventStream<Events>("/prices", { events: ["price"] });
 *   return () => h("p", { class: state.value }, last.value?.data.amount);
 * });
 * ```
 */
export function useEventStream<Events extends object = Record<string, unknown>, Value = undefined>(
  url: MaybeRefOrGetter<EventStreamURL>,
  options: MaybeRefOrGetter<EventStreamOptions<Events, Value>> = {},
): EventStreamRefs<Events, Value> {
  const make = () =>
    new Store<Events, Value>(toValue(url), keyOf(toValue(url), toValue(options)), toValue(options));
  let store = make();
  const drawn = shallowRef(store.read());
  const start = (): void => {
    watch(() => keyOf(toValue(url), toValue(options)), (_key, _before, onCleanup) => {
      store = make();
      drawn.value = store.read();
      onCleanup(store.subscribe(() => drawn.value = store.read()));
    }, { immediate: true });
    watchEffect(() => store.options = toValue(options));
  };
  if (getCurrentInstance()) onMounted(start);
  else if ("document" in globalThis) start();
  const part = <Name extends keyof EventStreamSnapshot>(name: Name) => computed(() => drawn.value[name]);
  return { state: part("state"), last: part("last"), error: part("error"), value: part("value") };
}
