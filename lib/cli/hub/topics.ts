/**
 * Knows which topics had the most updates lately.
 *
 * @module
 */

import { RecentMap } from "../../base/recent.ts";
import type { PublishedInfo } from "../../hub/mod.ts";

// What was published counts less and less: after so many milliseconds a third.
const MEMORY = 30_000;
const MINUTE = 60_000;
// How many topics are remembered, at least.
const MOST = 1_000;

interface Activity {
  readonly topic: string;
  readonly isPrivate: boolean;
  /** What is left of its updates. */
  weight: number;
  /** When the last one came. */
  at: number;
}

/** A topic, as the admin page shows it. */
export interface ActiveTopic {
  readonly topic: string;
  readonly isPrivate: boolean;
  /** Updates a minute, of late. */
  readonly perMinute: number;
}

export class ActiveTopics {
  readonly #topics = new RecentMap<string, Activity>(MOST);

  /** For the hub's hook. Only the canonical topic counts. */
  published({ topics: [topic], isPrivate }: PublishedInfo, now: number = Date.now()): void {
    if (topic === undefined) return;
    const key = `${isPrivate ? "private" : "public"} ${topic}`;
    const known = this.#topics.get(key);
    this.#topics.set(key, {
      topic,
      isPrivate,
      at: now,
      weight: 1 + (known === undefined ? 0 : weigh(known, now)),
    });
  }

  /** The busiest first. */
  top(most: number, now: number = Date.now()): ActiveTopic[] {
    const all = [...new Map(this.#topics).values()].map((activity) => ({
      topic: activity.topic,
      isPrivate: activity.isPrivate,
      perMinute: weigh(activity, now) * MINUTE / MEMORY,
    }));
    return all.sort((a, b) => b.perMinute - a.perMinute || (a.topic < b.topic ? -1 : 1)).slice(0, most);
  }
}

function weigh({ weight, at }: Activity, now: number): number {
  return weight * Math.exp((at - now) / MEMORY);
}
