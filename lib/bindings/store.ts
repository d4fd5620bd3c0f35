/**
 * Keeps what one component draws of a stream, and tells it when to draw anew. It knows no framework.
 *
 * @module
 */

import { callHook, report } from "../base/errors.ts";
import type { AnyItem } from "../client/decode.ts";
import type { ServerGap } from "../client/items.ts";
import type { StreamState } from "../client/stream.ts";
import { join, type Member } from "./feed.ts";
import type { EventItem, EventStreamOptions, EventStreamSnapshot, EventStreamURL } from "./options.ts";

export class Store<Events extends object, Value> implements Member {
  /** Those of the component's last drawing. */
  options: EventStreamOptions<Events, Value>;
  /** What is drawn before there is a connection, and on a server. */
  readonly initial: EventStreamSnapshot<Events, Value>;
  readonly #url: EventStreamURL;
  readonly #key: string;
  readonly #listeners = new Set<() => void>();
  #snapshot: EventStreamSnapshot<Events, Value>;
  #isDue = false;
  #leave: (() => void) | undefined;

  /** Makes a store that has no connection until somebody subscribes. */
  constructor(url: EventStreamURL, key: string, options: EventStreamOptions<Events, Value>) {
    this.#url = url;
    this.#key = key;
    this.options = options;
    const state = url == null ? "closed" : "connecting";
    this.#snapshot = this.initial = {
      state,
      last: undefined,
      error: undefined,
      value: options.initial as Value,
    };
  }

  /** What there is to draw: the same object until something has changed. */
  readonly read = (): EventStreamSnapshot<Events, Value> => this.#snapshot;

  /** Calls the listener when there is something new to draw. It is connected from the first listener to the last. */
  readonly subscribe = (listener: () => void): () => void => {
    // First, for it throws where an option is wrong.
    if (this.#listeners.size === 0 && this.#url != null) this.#leave = join(this.#key, this.#url, this);
    const mine = (): void => listener();
    this.#listeners.add(mine);
    return () => {
      if (!this.#listeners.delete(mine) || this.#listeners.size > 0) return;
      this.#leave?.();
      // Whoever comes back must not find it open.
      const { state, error } = this.initial;
      this.#snapshot = { ...this.#snapshot, state, error };
    };
  };

  tell(state: StreamState, error: unknown): void {
    if (state !== this.#snapshot.state || error !== this.#snapshot.error) this.#set({ state, error });
  }

  take(item: AnyItem): void {
    const { events, schemas, parse = fromJson, onEvent, onGap, reduce } = this.options;
    if (item.kind === "comment") return;
    if (item.kind === "gap") {
      if (onGap === undefined) report("no onGap took this gap", item);
      else callHook("onGap", () => onGap(item as ServerGap));
      return;
    }
    if (events !== undefined && !events.includes(item.event as never)) return;
    if (item.kind === "invalid") return report("an event does not fit its schema", item);
    let last: AnyItem | undefined = schemas && item.kind === "event" ? item : undefined;
    callHook(
      "parse",
      () => last ??= { ...item, kind: "event", data: parse(item.data as string, item.event) },
    );
    if (last === undefined) return;
    let { value } = this.#snapshot;
    if (onEvent !== undefined) callHook("onEvent", () => onEvent(last as EventItem<Events>));
    if (reduce !== undefined) callHook("reduce", () => value = reduce(value, last as EventItem<Events>));
    this.#set({ last: last as EventItem<Events>, value });
  }

  #set(change: Partial<EventStreamSnapshot<Events, Value>>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    if (this.#isDue) return;
    this.#isDue = true;
    // The events of one chunk come turn by turn of the microtasks; they are drawn once, after the last of them.
    setTimeout(() => {
      this.#isDue = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

/** The server writes a string as it is and anything else as JSON, so data that is no JSON is a string. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
