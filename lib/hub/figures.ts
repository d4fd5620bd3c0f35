/**
 * Counts what a hub was asked: updates that it published, requests that it refused, subscriptions that are active.
 *
 * @module
 */

import type { RefusalReason } from "./refusal.ts";

/** Figures of a {@linkcode Hub}, since it was made. Those of its streams are in `hub.broadcaster.stats()`. */
export interface HubStats {
  /** Updates that came over HTTP and were published. */
  readonly published: number;
  /** Requests, and events of lists, that were refused, by reason. A reason that never came up is not there. */
  readonly refused: Readonly<Partial<Record<RefusalReason, number>>>;
  /** Streams that are open now. `hub.broadcaster.size` counts whoever else reads there too, the hub itself for instance. */
  readonly streams: number;
  /** Subscriptions that are active: a stream with three matchers counts three. */
  readonly subscriptions: number;
}

export class Figures {
  #published = 0;
  #streams = 0;
  #subscriptions = 0;
  readonly #refused = new Map<RefusalReason, number>();

  published(): void {
    this.#published++;
  }

  refused(reason: RefusalReason): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  /** A stream with so many subscriptions is open. */
  opened(subscriptions: number): void {
    this.#streams++;
    this.#subscriptions += subscriptions;
  }

  closed(subscriptions: number): void {
    this.#streams--;
    this.#subscriptions -= subscriptions;
  }

  stats(): HubStats {
    return {
      published: this.#published,
      refused: Object.fromEntries(this.#refused),
      streams: this.#streams,
      subscriptions: this.#subscriptions,
    };
  }
}
