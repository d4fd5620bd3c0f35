// Type-checked against the installed package beside the frameworks' own types: event streams in components.
import { createElement, type ReactElement } from "react";
import { get, type Readable } from "svelte/store";
import { type EventItem, type EventStreamSnapshot, useEventStream } from "tidings/react";
import { eventStream } from "tidings/svelte";
import { useEventStream as useInVue } from "tidings/vue";
import { defineComponent, h, ref } from "vue";

type Events = { price: { symbol: string; amount: number }; notice: string };

export function Prices({ user }: { user?: string }): ReactElement {
  const { state, last, error, value } = useEventStream<Events, Record<string, number>>(
    user && `/prices/${user}`,
    {
      events: ["price"],
      initial: {},
      reduce: (prices, item) =>
        item.event === "price" ? { ...prices, [item.data.symbol]: item.data.amount } : prices,
      onEvent: (item) => item.event === "notice" && console.log(item.data.toUpperCase()),
      onGap: ({ resumedAt }) => console.log(resumedAt),
      headers: () => Promise.resolve({ authorization: "Bearer token" }),
      retry: { max: 5_000 },
    },
  );
  // @ts-expect-error: there is no event of this name
  useEventStream<Events>("/prices", { events: ["prize"] });
  const amount: number | undefined = last?.event === "price" ? last.data.amount : value["ACME"];
  return createElement("p", { className: state, title: String(error) }, amount);
}

/** Both types are found by what `reduce` takes. */
export function useCount(): number {
  const { value } = useEventStream("/notices", {
    initial: 0,
    reduce: (count: number, { data }: EventItem<{ notice: string }>) => count + data.length,
  });
  const untyped: EventStreamSnapshot = useEventStream("/anything");
  return value + (untyped.last === undefined ? 0 : 1);
}

export const Price = defineComponent(() => {
  const url = ref<string | undefined>("/prices");
  const { state, last } = useInVue<Events>(url, () => ({ events: ["price"], shared: false }));
  return () => h("p", { class: state.value }, last.value?.event);
});

export const store: Readable<EventStreamSnapshot<Events>> = eventStream<Events>("/prices");
console.log(get(store).state);
