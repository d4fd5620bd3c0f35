/**
 * Sending all clients away, without their all coming back at once.
 *
 * @module
 */

import { encodeEvent } from "../wire/event.ts";
import type { Subscriber } from "./subscriber.ts";

/** Options of {@linkcode Broadcaster.close}. */
export interface DrainOptions {
  /**
   * Milliseconds after which clients should come back. Each is told a time of its own, from this to half as much again, so
   * that they do not come all at once. Default: the browser's own, 3 to 5 s.
   */
  retry?: number | undefined;
  /**
   * Milliseconds over which the streams are ended, one after the other. Default: 0, all at once. A client that lags is
   * given as long, and at least a second, to take the rest; then it is cut off.
   */
  within?: number | undefined;
}

// How often some of the streams are ended, in milliseconds.
const STEP = 20;
/** The least time for whatever has to be waited for, in milliseconds. */
export const LAST_CALL = 1_000;

const encoder = new TextEncoder();

/** Ends all of them, evenly over the time given, those that lag as soon as they have taken the rest. */
export async function drain(
  clients: ReadonlySet<Subscriber>,
  lagging: ReadonlySet<Subscriber>,
  { retry, within = 0 }: DrainOptions,
): Promise<void> {
  const start = Date.now();
  const farewell = () =>
    encoder.encode(
      retry === undefined ? "" : encodeEvent({ retry: Math.round(retry * (1 + Math.random() / 2)) }),
    );
  for (const subscriber of lagging) subscriber.finish("end", farewell());
  const waiting = [...clients].filter((subscriber) => !lagging.has(subscriber));
  const total = waiting.length;
  while (clients.size > 0) {
    const elapsed = Date.now() - start;
    const staying = within === 0 ? 0 : Math.floor(total * Math.max(0, 1 - elapsed / within));
    while (waiting.length > staying) waiting.pop()!.finish("end", farewell());
    if (elapsed >= Math.max(within, LAST_CALL)) {
      for (const { stream } of clients) stream.truncate({ reason: "lagging" }, { discard: true });
    }
    if (clients.size > 0) await new Promise((resolve) => setTimeout(resolve, STEP));
  }
}
