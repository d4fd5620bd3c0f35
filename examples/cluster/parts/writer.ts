/** Publishes 1, 2, 3…, whatever happens. */

import { Broadcaster } from "tidings";
import { sharedLog } from "./redis.ts";

// Milliseconds between two numbers.
const INTERVAL = 50;
// How many may wait for a Redis that is not there. Past that no number is taken, so that none is lost.
const MOST_WAITING = 5_000;

export class Writer {
  /** The last number that Redis acknowledged. */
  acknowledged = 0;
  #number = 0;
  readonly #feed: Broadcaster;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(url: string) {
    this.#feed = new Broadcaster({
      backplane: sharedLog(url),
      publishTimeout: Infinity,
      onError: ({ message }) => console.error(`cluster: the writer: ${message}`),
    });
    this.#timer = setInterval(() => {
      if (this.waiting >= MOST_WAITING) return;
      const number = ++this.#number;
      this.#feed.publish({ data: number }).then(
        () => this.acknowledged = Math.max(this.acknowledged, number),
        () => {}, // the hook was told
      );
    }, INTERVAL);
  }

  /** Numbers that are published and not acknowledged yet. */
  get waiting(): number {
    return this.#number - this.acknowledged;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#feed.close();
  }
}
