/**
 * What one turn publishes, and how it gets from the log to the live clients.
 *
 * @module
 */

import { type Draft, type EventLog, joinEntries } from "./log.ts";
import type { Subscriber } from "../broadcaster/subscriber.ts";
import type { Views } from "./view.ts";

export class Batcher {
  readonly #log: () => EventLog;
  readonly #views: Views<Subscriber>;
  readonly #interval: number;
  readonly #delivered: (events: number, bytes: number) => void;
  #turn: Draft[] = [];

  /**
   * @param interval Milliseconds for which a turn is held open; 0 is the running turn of the event loop.
   * @param delivered Told how much was handed over.
   */
  constructor(
    log: () => EventLog,
    views: Views<Subscriber>,
    interval: number,
    delivered: (events: number, bytes: number) => void,
  ) {
    this.#log = log;
    this.#views = views;
    this.#interval = interval;
    this.#delivered = delivered;
  }

  /** Puts an event into the running turn. */
  deliver(draft: Draft): void {
    if (this.#turn.length === 0) this.#schedule();
    this.#turn.push(draft);
  }

  #schedule(): void {
    if (this.#interval === 0) queueMicrotask(() => this.flush());
    else setTimeout(() => this.flush(), this.#interval);
  }

  /** Ends the turn: appends it to the log, and hands it to every live client that it concerns. */
  flush(): void {
    if (this.#turn.length === 0) return;
    const turn = this.#turn;
    this.#turn = [];
    const log = this.#log();
    const previous = { seq: log.tip, id: log.idAt(log.tip) };
    const { entries, segment } = log.append(turn);
    for (const view of this.#views.concernedBy(entries)) {
      if (view.live.size === 0) continue;
      const seen = view.seesAll ? entries : entries.filter((entry) => view.matches(entry));
      const chunk = seen.length === entries.length ? segment : joinEntries(seen);
      if (chunk === undefined || chunk.byteLength === 0) continue;
      let taken = 0;
      for (const subscriber of view.live) if (subscriber.offer(chunk, previous)) taken++;
      this.#delivered(taken * seen.length, taken * chunk.byteLength);
    }
  }
}
