/**
 * Counts what is limited: updates a second by one publisher, and streams at once by one subscriber, address or matcher.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { RecentMap } from "../base/recent.ts";
import type { Matcher } from "./matching/matcher.ts";
import { tooMany } from "./refusal.ts";

// How many publishers are remembered, at least. One that is forgotten begins anew.
const MOST_PUBLISHERS = 10_000;
const SECOND = 1_000;

/** Lets each publisher publish so much a second, and a second's worth at once. */
export class PublishRate {
  readonly #rate: number;
  readonly #clock: Clock;
  /** When the last update of each publisher would be due if they came evenly spread. */
  readonly #due = new RecentMap<string, number>(MOST_PUBLISHERS);

  constructor(rate: number, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** @throws {Refusal} With 429, and when to come back. */
  take(publisher: string): void {
    if (this.#rate === Infinity) return;
    const now = this.#clock.now();
    const due = Math.max(now, this.#due.get(publisher) ?? 0) + SECOND / this.#rate;
    const late = due - now - SECOND;
    if (late > 0) {
      throw tooMany(`This publisher may publish ${this.#rate} updates a second`, late / SECOND);
    }
    this.#due.set(publisher, due);
  }
}

/**
 * Counts different patterns that begin with the same fixed text, for each of which every new topic with that beginning is
 * read: strangers could bring any number.
 */
class PatternCount {
  readonly #most: number;
  readonly #prefixes = new Map<string, Map<string, number>>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws {Refusal} With 429 if there is no room for one more. */
  check({ key, pattern }: Matcher): void {
    const patterns = pattern && this.#prefixes.get(pattern.prefix);
    if (patterns === undefined || patterns.size < this.#most || patterns.has(key)) return;
    throw tooMany(
      `There are ${this.#most} patterns that begin as one of these does: say more at its beginning`,
      10,
    );
  }

  enter({ key, pattern }: Matcher): void {
    if (pattern === undefined) return;
    let patterns = this.#prefixes.get(pattern.prefix);
    if (patterns === undefined) this.#prefixes.set(pattern.prefix, patterns = new Map());
    patterns.set(key, (patterns.get(key) ?? 0) + 1);
  }

  leave({ key, pattern }: Matcher): void {
    if (pattern === undefined) return;
    const patterns = this.#prefixes.get(pattern.prefix)!;
    const count = patterns.get(key)! - 1;
    if (count > 0) patterns.set(key, count);
    else patterns.delete(key);
    if (patterns.size === 0) this.#prefixes.delete(pattern.prefix);
  }
}

/** Counts streams by a name: of a subscriber, an address, a matcher. */
class StreamCount {
  readonly #most: number;
  readonly #what: string;
  readonly #counts = new Map<string, number>();

  /** @param what Whose streams are counted, for the message. */
  constructor(most: number, what: string) {
    this.#most = most;
    this.#what = what;
  }

  /** @throws {Refusal} With 429 if there is no room for one more. */
  check(name: string | undefined): void {
    if (name === undefined || (this.#counts.get(name) ?? 0) < this.#most) return;
    throw tooMany(`There are ${this.#most} streams of this ${this.#what} already: close one`, 10);
  }

  enter(name: string | undefined): void {
    if (name !== undefined && this.#most < Infinity) {
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    }
  }

  leave(name: string | undefined): void {
    const count = name === undefined ? undefined : this.#counts.get(name);
    if (count === undefined) return;
    if (count === 1) this.#counts.delete(name!);
    else this.#counts.set(name!, count - 1);
  }
}

/** Whose stream it is, from where, and what it listens to: each of these is counted. */
export interface Counted {
  /** `undefined` for somebody who is not limited, or has no name. */
  readonly owner: string | undefined;
  readonly address: string | undefined;
  readonly listens: readonly Matcher[];
}

/** Counts the streams that are open, by all that they are limited by. */
export class StreamLimits {
  readonly #perOwner: StreamCount;
  readonly #perAddress: StreamCount;
  readonly #perMatcher: StreamCount;
  readonly #perPrefix: PatternCount;

  constructor(
    { streamsPerToken, streamsPerAddress, streamsPerMatcher, patternsPerPrefix }: Readonly<
      Record<"streamsPerToken" | "streamsPerAddress" | "streamsPerMatcher" | "patternsPerPrefix", number>
    >,
  ) {
    this.#perOwner = new StreamCount(streamsPerToken, "subscriber");
    this.#perAddress = new StreamCount(streamsPerAddress, "address");
    this.#perMatcher = new StreamCount(streamsPerMatcher, "matcher");
    this.#perPrefix = new PatternCount(patternsPerPrefix);
  }

  /** @throws {Refusal} With 429 if there is no room for one more. */
  check({ owner, address, listens }: Counted): void {
    this.#perOwner.check(owner);
    this.#perAddress.check(address);
    for (const matcher of listens) {
      this.#perMatcher.check(nameOf(matcher));
      this.#perPrefix.check(matcher);
    }
  }

  /** Counts a stream. Returns what counts it no more. */
  enter({ owner, address, listens }: Counted): () => void {
    this.#perOwner.enter(owner);
    this.#perAddress.enter(address);
    for (const matcher of listens) {
      this.#perMatcher.enter(nameOf(matcher));
      this.#perPrefix.enter(matcher);
    }
    return () => {
      this.#perOwner.leave(owner);
      this.#perAddress.leave(address);
      for (const matcher of listens) {
        this.#perMatcher.leave(nameOf(matcher));
        this.#perPrefix.leave(matcher);
      }
    };
  }
}

/** What streams with the same matcher are counted by. */
function nameOf({ type, text }: Matcher): string {
  return `${type} ${text}`;
}
