/**
 * Ends the waits of a log's readers: by what Postgres tells, or by looking now and then.
 *
 * @module
 */

import { type Clock, sleep } from "../base/clock.ts";
import type { Subscriptions } from "../store/subscriptions.ts";
import { order, partsOf } from "./ids.ts";

/** How one reader learns that there may be more to read. */
export interface Wake {
  /** Resolves when there may be an entry after one, or after so many milliseconds; rejects if something may be missed. */
  wait(after: string, milliseconds: number): Promise<void>;
  /** Waits for nothing any more. */
  end(): void;
}

/** Wakes by notifications. The subscriptions are those of one channel. */
export class NotifiedWake implements Wake {
  readonly #clock: Clock;
  readonly #stop: () => void;
  #isReady = false;
  #isInterrupted = false;
  /** The largest number that was told, and whether something was that has none. */
  #newest = "0";
  #isTold = false;
  #look: (() => void) | undefined;

  /** @param ready Called when something is known of them; says whether notifications arrive. */
  private constructor(subscriptions: Subscriptions, channel: string, clock: Clock, ready: () => boolean) {
    this.#clock = clock;
    this.#stop = subscriptions.add(channel, {
      heard: (message) => {
        const [number] = partsOf(message);
        if (message === "") this.#isTold = true;
        else if (order(number, this.#newest) > 0) this.#newest = number;
        this.#look?.();
      },
      missed: () => {
        if (this.#isReady) this.#isInterrupted = true;
        else this.#isReady = ready();
        this.#look?.();
      },
    });
  }

  /** Resolves when it is proved that notifications arrive, and rejects when they do not. */
  static open(subscriptions: Subscriptions, channel: string, clock: Clock): Promise<NotifiedWake> {
    return new Promise((resolve, reject) => {
      const wake: NotifiedWake = new NotifiedWake(subscriptions, channel, clock, () => {
        const { failure } = subscriptions;
        const isProved = subscriptions.confirms(channel);
        if (isProved) resolve(wake);
        else if (failure !== undefined) {
          wake.end();
          reject(failure);
        }
        return isProved;
      });
    });
  }

  wait(after: string, milliseconds: number): Promise<void> {
    const [number] = partsOf(after);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimeout(() => finish(resolve), milliseconds);
      const finish = (settle: () => void) => {
        this.#clock.clearTimeout(timer);
        this.#look = undefined;
        settle();
      };
      this.#look = () => {
        if (this.#isInterrupted) {
          return finish(() => reject(new Error("notifications were interrupted")));
        }
        if (!this.#isTold && order(this.#newest, number) <= 0) return;
        this.#isTold = false;
        finish(resolve);
      };
      this.#look();
    });
  }

  end(): void {
    this.#stop();
    this.#look = undefined;
  }
}

/** Wakes by looking, less often while nothing happens. */
export class PolledWake implements Wake {
  readonly #clock: Clock;
  readonly #poll: number;
  readonly #isThere: (after: string) => Promise<boolean>;
  #isOver = false;

  constructor(clock: Clock, poll: number, isThere: (after: string) => Promise<boolean>) {
    this.#clock = clock;
    this.#poll = poll;
    this.#isThere = isThere;
  }

  async wait(after: string, milliseconds: number): Promise<void> {
    const end = this.#clock.now() + milliseconds;
    while (!this.#isOver && this.#clock.now() < end) {
      if (await this.#isThere(after)) return;
      await sleep(this.#clock, this.#poll);
    }
    // Nobody waits for it any more.
    if (this.#isOver) await new Promise(() => {});
  }

  end(): void {
    this.#isOver = true;
  }
}
