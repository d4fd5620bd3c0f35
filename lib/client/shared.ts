/**
 * Many tabs, one connection: {@linkcode connectShared} is `connect` for pages that a user opens more than once.
 *
 * Browsers allow six HTTP/1.1 connections an origin, so the seventh tab with a stream of its own hangs. Here one tab
 * holds the connection, chosen by the Web Locks API, and hands what arrives to the others over a BroadcastChannel. When
 * it closes, another takes over from the last id.
 *
 * @module
 */
import { TidingsError, type TidingsErrorCode } from "../errors.ts";
import type { ConnectOptions } from "./connect_options.ts";
import { type Consumer, createStream } from "./consume.ts";
import type { Schemas } from "./items.ts";
import { requireOptions } from "./options.ts";
import type { WireItem } from "./read.ts";
import { createSource } from "./source.ts";
import type { EventStream, StreamState } from "./stream.ts";
import { type Answer, createTimeline, type Entry, type Place } from "./timeline.ts";

export type { EventStream } from "./stream.ts";

/** How {@linkcode connectShared} connects. */
export interface SharedOptions<S extends Schemas = Schemas, Comments extends boolean = boolean>
  extends ConnectOptions<S, Comments> {
  /**
   * Which tabs of the origin share: those with the same name. Tabs of different users must not, so put the user into it.
   * Default: the URL.
   */
  name?: string | undefined;
  /**
   * How many items each tab remembers for one that is behind, and keeps for its own application when that is slow.
   * Beyond it the tab gets a gap. Default 1000.
   */
  history?: number | undefined;
}

/** A stream that other tabs may share. */
export interface SharedEventStream<S extends Schemas = Record<never, never>, Comments extends boolean = false>
  extends EventStream<S, Comments> {
  /**
   * Whether this tab holds the connection, listens to one that does, or is `"alone"`: where the browser has no Web
   * Locks, as on pages that are not secure, each tab has a connection of its own.
   */
  readonly role: "leader" | "follower" | "alone";
}

type Message =
  | { type: "entry"; entry: Entry }
  | { type: "state"; state: StreamState }
  | { type: "lead" }
  | { type: "ask"; from: string; place: Place | undefined; lastEventId: string }
  | { type: "answer"; to: string; answer: Answer; state: StreamState }
  | {
    type: "end";
    error: { code: TidingsErrorCode; message: string; status: number | undefined } | undefined;
  };

/**
 * Connects like `connect`, with one connection for all tabs of the origin that call it with the same name. Each tab
 * iterates, listens and validates for itself, and its `lastEventId` is its own.
 *
 * The options of the tab that holds the connection count, so give all tabs the same. Once that connection is lost for
 * good the streams of all tabs close with its error; in the others its response has the status alone. A tab that joins
 * with a `lastEventId` which the others no longer remember gets a gap. Browsers slow the timers of hidden tabs down, so a
 * hidden tab that holds the connection may reconnect as late as a minute after its time.
 *
 * @throws {TypeError} when an option is wrong.
 *
 * @example
 * ```ts
 * import { connectShared } from "@tidings/tidings/client/shared";
 *
 * const stream = connectShared("https://example.com/events", { name: "events of user 7" });
 * stream.on("message", (event) => console.log(stream.role, event.data));
 * stream.close();
 * ```
 */
export function connectShared<S extends Schemas = Record<never, never>, Comments extends boolean = false>(
  url: string | URL,
  options: SharedOptions<S, Comments> = {},
): SharedEventStream<S, Comments> {
  const { lastEventId = "", name = String(url), history = 1000 } = options;
  requireOptions("positive number", { history });
  const source = createSource(url, options);
  const locks = globalThis.navigator?.locks;
  let role: SharedEventStream["role"] = "alone";

  async function* share(consumer: Consumer): AsyncGenerator<WireItem, void> {
    role = "follower";
    const me = Math.random().toString(36).slice(2);
    const timeline = createTimeline(lastEventId, history);
    const channel = new BroadcastChannel(`tidings ${name}`);
    const queue: WireItem[] = [];
    let ended: { error: unknown } | undefined;
    let asking = false;
    let state: StreamState = "connecting";
    let wake = (): void => {};
    let terms = 0;
    // Takes back the request for the lock, or gives it up.
    let leave = (): void => {};

    const post = (message: Message): void => {
      if (!consumer.signal.aborted) channel.postMessage(message);
    };
    const ask = (): void => {
      asking = true;
      post({ type: "ask", from: me, place: timeline.place, lastEventId: timeline.lastEventId });
    };

    function deliver(items: WireItem[]): void {
      queue.push(...items);
      if (queue.length > history) {
        // The oldest go, and that is told in their place.
        const requested = consumer.lastEventId;
        let resumedAt = requested;
        for (const item of queue.splice(0, queue.length - history + 1)) {
          if (item.kind !== "comment") resumedAt = item.lastEventId;
        }
        queue.unshift({
          kind: "gap",
          requested,
          resumedAt,
          reason: "this tab was too slow",
          lastEventId: resumedAt,
        });
      }
      if (!queue.length) consumer.lastEventId = timeline.lastEventId;
      wake();
    }

    function setState(next: StreamState): void {
      state = next;
      consumer.setState(next, {});
    }

    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      const leading = role === "leader";
      if (data.type === "ask") {
        if (leading) {
          post({
            type: "answer",
            to: data.from,
            answer: timeline.answer(data.place, data.lastEventId),
            state,
          });
        }
      } else if (leading) {
        // What the leader before this one still had under way: the server sends it again.
      } else if (data.type === "lead") ask();
      else if (data.type === "state") setState(data.state);
      else if (data.type === "answer" && data.to === me) {
        asking = false;
        setState(data.state);
        deliver(timeline.accept(data.answer));
      } else if (data.type === "entry" && !asking) {
        const items = timeline.follow(data.entry);
        if (items) deliver(items);
        else ask();
      } else if (data.type === "end") {
        const { error } = data;
        const response = error?.status ? new Response(null, { status: error.status }) : undefined;
        ended = { error: error && new TidingsError(error.code, error.message, { response }) };
        wake();
      }
    };

    /** Stands for leadership. */
    function compete(): void {
      const standing = new AbortController();
      leave = () => standing.abort();
      const left = new Promise<void>((resolve) => standing.signal.addEventListener("abort", () => resolve()));
      // Raced, so that the lock is free at once: a page that is put away may not get to do anything else.
      locks!.request(
        `tidings ${name}`,
        { signal: standing.signal },
        () => Promise.race([lead(standing.signal), left]),
      )
        .catch(() => {});
      ask();
    }

    /** Holds the connection, for as long as the lock is held. */
    async function lead(leaving: AbortSignal): Promise<void> {
      role = "leader";
      timeline.lead(`${me} ${terms++}`);
      post({ type: "lead" });
      let id = timeline.lastEventId;
      const append = (item: WireItem | undefined): void => {
        post({ type: "entry", entry: timeline.append(item, id) });
        deliver(item ? [item] : []);
      };
      const connection: Consumer = {
        get lastEventId() {
          return id;
        },
        set lastEventId(next) {
          if (next === id) return;
          id = next;
          append(undefined);
        },
        signal: leaving,
        setState(next, detail) {
          if (leaving.aborted) return;
          state = next;
          post({ type: "state", state });
          consumer.setState(next, detail);
        },
      };
      leaving.addEventListener("abort", () => role = "follower");
      try {
        for await (const item of source(connection)) {
          if (leaving.aborted) return;
          if (item.kind === "event") id = item.lastEventId;
          append(item);
        }
        if (leaving.aborted) return;
        post({ type: "end", error: undefined });
        ended = { error: undefined };
      } catch (error) {
        if (leaving.aborted) return;
        const { code, message, response } = error as TidingsError;
        post({
          type: "end",
          error: { code: code ?? "connection-failed", message: String(message), status: response?.status },
        });
        ended = { error };
      }
      wake();
    }

    // A page that the browser puts away, to bring it back as it was, would keep the lock and do nothing with it.
    const putAway = (): void => leave();
    const broughtBack = ({ persisted }: PageTransitionEvent): void => void (persisted && compete());
    globalThis.addEventListener?.("pagehide", putAway);
    globalThis.addEventListener?.("pageshow", broughtBack);
    consumer.signal.onabort = () => {
      leave();
      channel.close();
      globalThis.removeEventListener?.("pagehide", putAway);
      globalThis.removeEventListener?.("pageshow", broughtBack);
      wake();
    };
    compete();
    while (!consumer.signal.aborted) {
      const item = queue.shift();
      if (item) yield item;
      else if (ended) {
        if (ended.error) throw ended.error;
        return;
      } else await new Promise<void>((resolve) => wake = resolve);
    }
  }

  const shared = locks && globalThis.BroadcastChannel;
  const stream = createStream(shared ? share : source, options);
  Object.defineProperty(stream, "role", { get: () => role });
  return stream as unknown as SharedEventStream<S, Comments>;
}
