/**
 * Gathers what is published at one time into one batch, appends it to the log, and delivers it to all who keep up.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { type Draft, type EventLog, joinEntries } from "./log.ts";
import type { View, Views } from "./view.ts";

/** A place in the log, and its id. */
export interface Position {
  readonly seq: number;
  readonly id: string;
}

/** A client that keeps up: it is handed each batch as it is flushed. */
export interface Recipient {
  /** Takes a chunk, or falls behind, at the position before it. Says whether it took it. */
  offer(chunk: Uint8Array, previous: Position): boolean;
}

/** Told how much was delivered. */
export interface DeliveryMeter {
  delivered(events: number, bytes: number): void;
}

export class Batcher {
  readonly #log: EventLog;
  readonly #views: Views<Recipient>;
  readonly #interval: number;
  readonly #clock: Clock;
  readonly #meter: DeliveryMeter;
  #drafts: Draft[] = [];
  #timer: unknown;

  /** @param interval Milliseconds for which a batch is held open; 0 is until the running turn of the event loop is over. */
  constructor(
    log: EventLog,
    views: Views<Recipient>,
    { interval, clock, meter }: { interval: number; clock: Clock; meter: DeliveryMeter },
  ) {
    this.#log = log;
    this.#views = views;
    this.#interval = interval;
    this.#clock = clock;
    this.#meter = meter;
  }

  /** Puts an event into the batch that is open. */
  add(draft: Draft): void {
    if (this.#drafts.length === 0) this.#schedule();
    this.#drafts.push(draft);
  }

  #schedule(): void {
    if (this.#interval === 0) queueMicrotask(() => this.flush());
    else this.#timer = this.#clock.setTimeout(() => this.flush(), this.#interval);
  }

  /** Closes the batch: appends it to the log, and delivers it to every client that keeps up and that it concerns. */
  flush(): void {
    if (this.#drafts.length === 0) return;
    const drafts = this.#drafts;
    this.#drafts = [];
    if (this.#interval > 0) this.#clock.clearTimeout(this.#timer);
    const log = this.#log;
    const previous = { seq: log.tip, id: log.idAt(log.tip) };
    const { entries, segment } = log.append(drafts);
    this.#views.share(entries, (view, seen) => {
      const chunk = seen.length === entries.length ? segment : joinEntries(seen);
      if (chunk === undefined || chunk.byteLength === 0) return;
      const taken = deliver(view, chunk, previous);
      this.#meter.delivered(taken * seen.length, taken * chunk.byteLength);
    });
  }
}

function deliver({ live }: View<Recipient>, chunk: Uint8Array, previous: Position): number {
  let taken = 0;
  for (const recipient of live) if (recipient.offer(chunk, previous)) taken++;
  return taken;
}
