/**
 * Many tabs, one connection: {@linkcode connectShared} is `connect` for pages that a user opens more than once.
 *
 * Browsers allow six HTTP/1.1 connections an origin, so the seventh tab with a stream of its own hangs. Here one tab
 * holds the connection, chosen by the Web Locks API, and hands what arrives to the others over a BroadcastChannel. When
 * it closes, another takes over from the last id.
 *
 * @module
 */
import { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
import type { ConnectOptions } from "./connect_options.ts";
import { createStream } from "./consume.ts";
import type { Schemas, WireItem } from "./items.ts";
import { requirePositive } from "./options.ts";
import { createSource, type Source } from "./source.ts";
import type { EventStream, StreamState } from "./stream.ts";
import { type Answer, createGap, createTimeline, type Entry, type Place } from "./timeline.ts";

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

/** What tabs tell each other: who leads tells its state with all that has one, and the others ask. */
interface Message {
  readonly state?: StreamState;
  readonly entry?: Entry;
  /** Set by who has begun to lead. */
  readonly lead?: true;
  /** Who asks, having got to this place and this id. */
  readonly from?: string;
  readonly place?: Place | undefined;
  readonly lastEventId?: string;
  /** The answer to who has asked. */
  readonly to?: string;
  readonly answer?: Answer;
  /** The stream is over, by this error if any. */
  readonly end?: [code: TidingsErrorCode | undefined, message: string, status: number | undefined];
}

/**
 * Connects like `connect`, with one connection for all tabs of the origin that call it with the same name. Each tab
 * iterates, listens and validates for itself, and its `lastEventId` is its own.
 *
 * The options of the tab that holds the connection count, so give all tabs the same. Once that connection is lost for
 * good the streams of all tabs close with its error; in the others its response has the status alone. A tab that joins
 * with a `lastEventId` which the others no longer remember gets a gap. Browsers slow the timers of hidden tabs down, so a
 * hidden tab that holds the connection may reconnect as late as a minute after its time.
 *
 * @throws {TypeError} when an option is wrong or not known, or the URL is relative and there is no page.
 *
 * @example
 * ```ts
 * import { connectShared } from "tidings/client/shared";
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
  const { name = `${url}`, history = 1000 } = options;
  requirePositive({ history });
  const source = createSource(url, options, " name history");
  const locks = globalThis.navigator?.locks;
  let role: SharedEventStream["role"] = "alone";

  const share: Source = async (lastEventId, closing, tell, hand) => {
    role = "follower";
    const me = crypto.randomUUID();
    const timeline = createTimeline(lastEventId, history);
    const channel = new BroadcastChannel(`tidings ${name}`);
    const queue: WireItem[] = [];
    let ended: { error: unknown } | undefined;
    let asking = false;
    let state: StreamState = "connecting";
    let wake = (): void => {};
    // Takes back the request for the lock, or gives it up.
    let leave = (): void => {};

    const post = (message: Message): void => {
      if (!closing.aborted) channel.postMessage(message);
    };
    const ask = (): void => {
      asking = true;
      post({ from: me, place: timeline.place, lastEventId: timeline.lastEventId });
    };

    function deliver(items: WireItem[]): void {
      queue.push(...items);
      if (queue.length > history) {
        // The oldest go, and that is told in their place.
        let resumedAt = lastEventId;
        while (queue.length >= history) resumedAt = queue.shift()!.lastEventId;
        queue.unshift(createGap(lastEventId, resumedAt, "this tab was too slow"));
      }
      wake();
    }

    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      const { answer, end, entry } = data;
      if (role === "leader") {
        // All else is what the leader before this one still had under way: the server sends it again.
        if (data.from) post({ to: data.from, answer: timeline.answer(data.place, data.lastEventId!), state });
        return;
      }
      if (data.lead) ask();
      if (data.state) tell(state = data.state, {});
      if (answer && data.to === me) {
        asking = false;
        deliver(timeline.accept(answer));
      }
      if (entry && !asking) {
        const items = timeline.follow(entry);
        if (items) deliver(items);
        else ask();
      }
      if (end) {
        const [code, message, status] = end;
        const response = status ? new Response(null, { status }) : undefined;
        ended = { error: code && new TidingsError(code, message, { response }) };
        wake();
      }
    };

    /** Stands for leadership. */
    function compete(): void {
      const standing = new AbortController();
      const left = new Promise<void>((resolve) =>
        leave = () => {
          role = "follower";
          standing.abort();
          resolve();
        }
      );
      // Free at once when it leaves: a page that is put away may not get to do anything else. And not before, for who gets
      // the lock connects, though the end is on its way to all.
      locks!.request(`tidings ${name}`, standing, () => {
        if (!ended) lead(standing.signal);
        return left;
      }).catch(() => {});
      ask();
    }

    /** Holds the connection, for as long as the lock is held. */
    async function lead(leaving: AbortSignal): Promise<void> {
      role = "leader";
      timeline.lead(crypto.randomUUID());
      post({ lead: true });
      let error: unknown;
      try {
        await source(timeline.lastEventId, leaving, (next, detail) => {
          if (leaving.aborted) return;
          post({ state: state = next });
          tell(next, detail);
        }, (item) => {
          if (leaving.aborted || (!item.kind && item.lastEventId === timeline.lastEventId)) return;
          post({ entry: timeline.append(item) });
          deliver(item.kind ? [item] : []);
        });
      } catch (thrown) {
        error = thrown;
      }
      if (leaving.aborted) return;
      ended = { error };
      post({ end: endOf(error) });
      wake();
    }

    // A page that the browser puts away, to bring it back as it was, would keep the lock and do nothing with it.
    globalThis.addEventListener?.("pagehide", () => leave(), { signal: closing });
    globalThis.addEventListener?.(
      "pageshow",
      ({ persisted }: PageTransitionEvent) => void (persisted && compete()),
      { signal: closing },
    );
    closing.onabort = () => {
      leave();
      channel.close();
      wake();
    };
    compete();
    while (!closing.aborted) {
      const item = queue.shift();
      if (item) {
        // A gap that is put into the queue meanwhile comes after it.
        ({ lastEventId } = item);
        await hand(item);
      } else if (ended) {
        if (ended.error) throw ended.error;
        return;
      } else {
        const woken = new Promise<void>((resolve) => wake = resolve);
        ({ lastEventId } = timeline);
        await hand({ lastEventId });
        await woken;
      }
    }
  };

  const stream = createStream(locks && globalThis.BroadcastChannel ? share : source, options);
  Object.defineProperty(stream, "role", { get: () => role });
  return stream as unknown as SharedEventStream<S, Comments>;
}

/** How other tabs are told of the end. */
function endOf(error: unknown): NonNullable<Message["end"]> {
  if (error === undefined) return [undefined, "", undefined];
  const { code = "connection-failed", message, response } = error as Partial<TidingsError>;
  return [code, `${message}`, response?.status];
}
