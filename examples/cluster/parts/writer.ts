/** Publishes 1, 2, 3…, whatever happens; in a log that is there already it goes on after the last. */

import { type Backplane, Broadcaster } from "tidings";

// Milliseconds between two numbers.
const INTERVAL = 50;
// How many may wait for an engine that is not there. Past that no number is taken, so that none is lost.
const MOST_WAITING = 5_000;
// Milliseconds between two attempts to read the last number.
const PAUSE = 500;

export class Writer {
  /** The last number that the engine acknowledged. */
  acknowledged = 0;
  #number = 0;
  #feed: Broadcaster | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  constructor(log: Promise<Backplane>) {
    void this.#begin(log);
  }

  async #begin(log: Promise<Backplane>): Promise<void> {
    const backplane = await log;
    while (!this.#isClosed) {
      try {
        this.#number = this.acknowledged = await lastNumber(backplane);
        break;
      } catch (error) {
        console.error(`cluster: the writer: ${error instanceof Error ? error.message : error}`);
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    }
    if (this.#isClosed) return;
    const feed = this.#feed = new Broadcaster({
      backplane,
      publishTimeout: Infinity,
      onError: ({ message }) => console.error(`cluster: the writer: ${message}`),
    });
    this.#timer = setInterval(() => {
      if (this.waiting >= MOST_WAITING) return;
      const number = ++this.#number;
      feed.publish({ data: number }).then(
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
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#feed?.close();
  }
}

/** The last number in a log, or 0. */
async function lastNumber(log: Backplane): Promise<number> {
  const reader = await log.open();
  try {
    // The newest may be no number: an engine marks the place where an empty log begins.
    const payloads = (await reader.before(undefined, 100)).map(({ payload }) => payload);
    const last = payloads.findLast((payload) => payload !== undefined);
    return last === undefined ? 0 : Number((JSON.parse(last) as { json?: unknown }).json) || 0;
  } finally {
    reader.close();
  }
}
