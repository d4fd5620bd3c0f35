/**
 * Sends all clients away, without their all coming back at once.
 *
 * @module
 */

import { sleep, spread } from "../base/clock.ts";
import { checkNames, durationOption, namesOf } from "../base/options.ts";
import { encodeEvent } from "../wire/event.ts";
import type { Registry } from "./registry.ts";

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

const OPTIONS = namesOf<DrainOptions>({ retry: true, within: true });

// How often some of the streams are ended, in milliseconds.
const STEP = 20;
/** The least time for whatever has to be waited for, in milliseconds. */
export const LAST_CALL = 1_000;

const utf8 = new TextEncoder();

/** @throws {TypeError} Naming the option and the value received. */
export function checkDrainOptions(options: DrainOptions): void {
  checkNames("close", options, OPTIONS);
  const { retry, within = 0 } = options;
  if (retry !== undefined) durationOption("retry", retry, { least: 0 });
  durationOption("within", within, { least: 0 });
}

/** Ends all clients, evenly over the time given, those that lag as soon as they have taken the rest. */
export async function drain(
  { clients, lagging, clock }: Registry,
  { retry, within = 0 }: DrainOptions,
): Promise<void> {
  const start = clock.now();
  const farewell = () =>
    retry === undefined
      ? undefined
      : utf8.encode(encodeEvent({ retry: Math.round(spread(clock, retry, 1, 1.5)) }));
  for (const client of lagging) client.finish("end", farewell());
  const waiting = [...clients].filter((client) => !lagging.has(client));
  const total = waiting.length;
  while (clients.size > 0) {
    const elapsed = clock.now() - start;
    const staying = within === 0 ? 0 : Math.floor(total * Math.max(0, 1 - elapsed / within));
    while (waiting.length > staying) waiting.pop()!.finish("end", farewell());
    if (elapsed >= Math.max(within, LAST_CALL)) {
      for (const client of clients) client.truncate({ reason: "lagging" }, { discard: true });
    }
    if (clients.size > 0) await sleep(clock, STEP);
  }
}
