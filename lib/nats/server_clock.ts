/**
 * Estimates the server's time from the times that its answers carry.
 *
 * An estimate shows how long a lease still lasts, and whether it is worth trying to claim a stream. It decides nothing: that
 * is done by the times which the server writes on the messages.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";

// How fast two clocks may drift apart.
const DRIFT = 0.001;
// For how long an estimate is believed, in milliseconds.
const BELIEVED = 60_000;

export class ServerClock {
  readonly #clock: Clock;
  /** What has to be added to the own time, at least and at most. */
  #least = 0;
  #most = 0;
  #takenAt = -Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether an estimate is there that is not too old. */
  get known(): boolean {
    const age = this.#clock.now() - this.#takenAt;
    return age >= 0 && age < BELIEVED;
  }

  /** Learns the server's time at some moment between `from` and now. */
  learn(from: number, time: number): void {
    const now = this.#clock.now();
    // A clock that was set back while it waited tells nothing.
    if (now < from || !(time > 0)) return;
    const doubt = this.#most - this.#least + (now - this.#takenAt) * DRIFT;
    if (this.known && doubt < now - from) return;
    this.#least = time - now;
    this.#most = time - from;
    this.#takenAt = now;
  }

  /** The server's time, most likely. */
  now(): number {
    return Math.round(this.#clock.now() + (this.#least + this.#most) / 2);
  }

  /** The server's time, at the most. */
  latest(): number {
    return this.#clock.now() + this.#most + 1;
  }
}
