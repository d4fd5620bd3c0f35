/**
 * Turns what a subscriber listens to, and what its token lets it read, into a subscription of the Broadcaster.
 *
 * A public update reaches whoever listens to one of its topics. A private one reaches whoever listens to one of its topics
 * and may read one of its topics, be it another one. The first is said by the names that are asked for, the second by a
 * filter: see `topic.ts`. Both are asked by the log, for what is new and for what is replayed alike.
 *
 * @module
 */

import { RecentMap } from "../base/recent.ts";
import type { EventMap, PublishEvent } from "../log/typed.ts";
import type { TopicIndex, TopicMatcher } from "../log/matchers.ts";
import { EVERY, type Matcher } from "./matching/matcher.ts";
import { isHubName, isPrivate, privateName, topicOf, type TopicReader } from "./topic.ts";

/** What the Broadcaster is asked for. */
export interface Audience {
  readonly topics: readonly (string | TopicMatcher)[];
  readonly filter: Filter | undefined;
}

type Filter = (event: PublishEvent<EventMap>) => boolean;

// How many sets of rights have their filter remembered, at least: subscribers with equal rights share views.
const MOST_FILTERS = 1_000;

export class Audiences {
  /** Begins the keys of a hub's matchers: no other hub's, and none of the broadcaster's own program's, may equal one. */
  readonly #mark: string;
  /** Sees every public update, and nothing else. */
  readonly #public: TopicMatcher;
  /** Sees every update: all but what hubs say to each other. */
  readonly #every: TopicMatcher;
  readonly #filters = new RecentMap<string, Filter>(MOST_FILTERS);

  constructor(topics: TopicReader) {
    this.#mark = privateName(topics.base.href);
    this.#public = { key: `${this.#mark} public`, matches: (name) => !isPrivate(name) };
    this.#every = { key: `${this.#mark} every`, matches: (name) => !isHubName(name) };
  }

  /**
   * Says what to ask the Broadcaster for.
   *
   * @param listens What the subscriber listens to.
   * @param mayRead Of what it may read private updates; without any it never sees one.
   */
  of(listens: readonly Matcher[], mayRead: readonly Matcher[]): Audience {
    const seesPrivate = mayRead.length > 0;
    const filter = seesPrivate ? this.#filter(mayRead) : undefined;
    if (listens.some(({ key }) => key === EVERY)) {
      return { topics: [seesPrivate ? this.#every : this.#public], filter };
    }
    const topics = listens.flatMap((matcher): (string | TopicMatcher)[] => {
      if (matcher.pattern !== undefined) return [this.#byPattern(matcher, matcher.pattern, seesPrivate)];
      return seesPrivate ? [matcher.text, privateName(matcher.text)] : [matcher.text];
    });
    return { topics, filter };
  }

  #byPattern({ key, matches }: Matcher, index: TopicIndex, seesPrivate: boolean): TopicMatcher {
    return {
      key: `${this.#mark} ${seesPrivate ? "all" : "public"} ${key}`,
      matches: (name) => (seesPrivate ? !isHubName(name) : !isPrivate(name)) && matches(topicOf(name)),
      index,
    };
  }

  /** The same function for equal rights; none where they are to everything. */
  #filter(mayRead: readonly Matcher[]): Filter | undefined {
    if (mayRead.some(({ key }) => key === EVERY)) return undefined;
    const key = JSON.stringify(mayRead.map(({ key }) => key).sort());
    let filter = this.#filters.get(key);
    if (filter === undefined) {
      filter = ({ topic = [] }) => {
        const names = typeof topic === "string" ? [topic] : topic;
        return !names.some(isPrivate) ||
          names.some((name) => mayRead.some((matcher) => matcher.matches(topicOf(name))));
      };
      this.#filters.set(key, filter);
    }
    return filter;
  }
}
