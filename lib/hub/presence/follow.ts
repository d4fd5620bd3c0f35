/**
 * Reads the events of a Broadcaster within its own process: as one more client, which comes back by itself.
 *
 * So it gets all in the order of the log, from the oldest event in memory on, and is told where some may be missing.
 *
 * @module
 */

import { type Clock, sleep } from "../../base/clock.ts";
import type { Broadcaster } from "../../broadcaster/broadcaster.ts";
import { createParser } from "../../client/parse.ts";
import { EARLIEST } from "../../log/cursor.ts";
import type { TopicMatcher } from "../../log/matchers.ts";

/** Told of what is read. Its methods must not throw. */
export interface FollowListener {
  heard(event: { readonly event: string; readonly data: string; readonly id: string }): void;
  /** Events may be missing before the next one. */
  missed(): void;
  /** Nothing is read any more: the broadcaster closes. */
  ended(): void;
}

// How long one waits that was turned away, in milliseconds.
const PAUSE = 1_000;

/** Reads until the broadcaster closes, or the function that is returned is called. */
export function follow(
  broadcaster: Broadcaster,
  topics: readonly TopicMatcher[],
  { clock, ...listener }: FollowListener & { readonly clock: Clock },
): () => void {
  const stopped = new AbortController();
  void run(broadcaster, { topics, signal: stopped.signal, listener, clock });
  return () => stopped.abort();
}

async function run(
  broadcaster: Broadcaster,
  { topics, signal, listener, clock }: {
    topics: readonly TopicMatcher[];
    signal: AbortSignal;
    listener: FollowListener;
    clock: Clock;
  },
): Promise<void> {
  const isOver = () => signal.aborted || broadcaster.state !== "open";
  let lastEventId = "";
  while (!isOver()) {
    const parser = createParser({
      lastEventId,
      onEvent({ event, data, lastEventId: id }) {
        if (signal.aborted) return;
        if (event === "gap") listener.missed();
        else listener.heard({ event, data, id });
      },
    });
    const { body } = broadcaster.subscribe(new Request("http://localhost/"), {
      topics,
      lastEventId: lastEventId || EARLIEST,
      keepalive: false,
      signal,
    });
    try {
      const decoder = new TextDecoder();
      const reader = body!.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        parser.feed(decoder.decode(next.value, { stream: true }));
      }
    } catch { /* it was cut off: it goes on below */ }
    ({ lastEventId } = parser);
    if (!isOver()) await sleep(clock, PAUSE);
  }
  listener.ended();
}
