/**
 * Finds those of many matchers that match a topic, without asking each of them for each event.
 *
 * Matchers with equal keys are one, however many views have it. What was found for a topic is remembered, and only
 * matchers that are newer than that are asked when the topic comes again. A topic that is new is put to the matchers whose
 * fixed beginning it has, where they say one, and to all others.
 *
 * @module
 */

import { report } from "../base/errors.ts";
import { RecentMap } from "../base/recent.ts";

/**
 * Decides which topics a subscription receives, where no list of them would do: a pattern, for example.
 *
 * Its answer for a topic must never change, for it is remembered.
 *
 * @example
 * ```ts
 * import { Broadcaster, type TopicMatcher } from "tidings";
 *
 * const below = (path: string): TopicMatcher => ({
 *   key: `below ${path}`,
 *   matches: (topic) => topic.startsWith(`${path}/`),
 * });
 * const news = new Broadcaster();
 * const response = news.subscribe(new Request("http://localhost/"), { topics: [below("sports"), "weather"] });
 * news.publish({ topic: "sports/chess", data: "Draw" });
 * news.publish({ topic: "finance", data: "Up" }); // not to this client
 *
 * const text = response.text();
 * await news.close();
 * if (!(await text).includes("data: Draw")) throw new Error(await text);
 * ```
 */
export interface TopicMatcher {
  /** What it matches, as text: matchers with equal keys match the same topics, and one of them is asked for all. */
  readonly key: string;
  /** Whether it matches the topic. If it throws, it does not, and the error is printed. */
  matches(topic: string): boolean;
  /**
   * How to find it without asking it, for those that are many: it is only asked for topics that begin as it says. Default:
   * it is asked for every topic that is new.
   */
  readonly index?: TopicIndex | undefined;
}

/** How a {@linkcode TopicMatcher} is found. */
export interface TopicIndex {
  /**
   * Spells a topic in the way in which `prefix` is written, or says `undefined` for one that no matcher with this function
   * matches. Matchers are looked up together if this is the same function, which is called once for them.
   */
  readonly spell: (topic: string) => string | undefined;
  /** What the spelling of every topic begins with that the matcher matches. */
  readonly prefix: string;
}

/** A matcher, and all who have it. */
export interface MatcherGroup<Member> {
  readonly matcher: TopicMatcher;
  /** Counts up: of two groups the one with the greater number is newer. */
  readonly serial: number;
  readonly members: Set<Member>;
}

/** Groups whose matchers begin with the same text, oldest first; those without members are swept out now and then. */
interface Bucket<Member> {
  groups: MatcherGroup<Member>[];
  gone: number;
}

/** Buckets of matchers that spell topics the same way, by the length of what they begin with, then by that. */
type Shelf<Member> = Map<number, Map<string, Bucket<Member>>>;

/** What was found for a topic, by asking all groups up to a serial number. */
interface Found<Member> {
  readonly groups: Set<MatcherGroup<Member>>;
  upTo: number;
}

// How many topics are remembered, at least.
const MOST_TOPICS = 10_000;
// How many groups may have gone, besides as many as there are, before what was found is forgotten, and they with it.
const MOST_GONE = 1_000;

const asIs = (topic: string) => topic;

export class MatcherIndex<Member> {
  readonly #groups = new Map<string, MatcherGroup<Member>>();
  readonly #shelves = new Map<TopicIndex["spell"], Shelf<Member>>();
  #newest = 0;
  #found = new RecentMap<string, Found<Member>>(MOST_TOPICS);
  #gone = 0;

  /** How many different matchers there are. */
  get size(): number {
    return this.#groups.size;
  }

  /** Adds a member to the group of its matcher. */
  add(matcher: TopicMatcher, member: Member): MatcherGroup<Member> {
    let group = this.#groups.get(matcher.key);
    if (group === undefined) {
      group = { matcher, serial: ++this.#newest, members: new Set() };
      this.#groups.set(matcher.key, group);
      this.#bucket(matcher, true)!.groups.push(group);
    }
    group.members.add(member);
    return group;
  }

  /** Takes a member out of a group, which is forgotten with its last one. */
  delete(group: MatcherGroup<Member>, member: Member): void {
    const { members, matcher } = group;
    if (!members.delete(member) || members.size > 0) return;
    this.#groups.delete(matcher.key);
    this.#tidy(matcher);
    if (++this.#gone <= this.#groups.size + MOST_GONE) return;
    this.#found = new RecentMap(MOST_TOPICS);
    this.#gone = 0;
  }

  #bucket({ index }: TopicMatcher, isNew = false): Bucket<Member> | undefined {
    const { spell, prefix } = index ?? { spell: asIs, prefix: "" };
    let shelf = this.#shelves.get(spell);
    if (shelf === undefined && isNew) this.#shelves.set(spell, shelf = new Map());
    let byPrefix = shelf?.get(prefix.length);
    if (byPrefix === undefined && isNew) shelf!.set(prefix.length, byPrefix = new Map());
    let bucket = byPrefix?.get(prefix);
    if (bucket === undefined && isNew) byPrefix!.set(prefix, bucket = { groups: [], gone: 0 });
    return bucket;
  }

  /** Sweeps a bucket out once half of it has gone, and lets go of an empty one, with its shelf. */
  #tidy(matcher: TopicMatcher): void {
    const bucket = this.#bucket(matcher)!;
    if (++bucket.gone * 2 <= bucket.groups.length) return;
    bucket.groups = bucket.groups.filter(({ members }) => members.size > 0);
    bucket.gone = 0;
    if (bucket.groups.length > 0) return;
    const { spell, prefix } = matcher.index ?? { spell: asIs, prefix: "" };
    const shelf = this.#shelves.get(spell)!;
    const byPrefix = shelf.get(prefix.length)!;
    byPrefix.delete(prefix);
    if (byPrefix.size === 0) shelf.delete(prefix.length);
    if (shelf.size === 0) this.#shelves.delete(spell);
  }

  /** The groups whose matchers match a topic; some of them may have lost their last member. */
  matching(topic: string): ReadonlySet<MatcherGroup<Member>> {
    const found = this.#found.get(topic) ?? { groups: new Set(), upTo: 0 };
    // Set anew each time, which keeps topics in memory that are in use.
    this.#found.set(topic, found);
    if (found.upTo < this.#newest) this.#search(topic, found);
    for (const group of found.groups) if (group.members.size === 0) found.groups.delete(group);
    return found.groups;
  }

  /** Whether the matcher of a group matches a topic: by what is remembered, if anything is. */
  matches(group: MatcherGroup<Member>, topic: string): boolean {
    const found = this.#found.get(topic);
    if (found === undefined || found.upTo < group.serial) return asks(group.matcher, topic);
    return found.groups.has(group);
  }

  #search(topic: string, found: Found<Member>): void {
    const { groups, upTo } = found;
    found.upTo = this.#newest;
    for (const [spell, shelf] of this.#shelves) {
      const spelt = spell(topic);
      if (spelt === undefined) continue;
      for (const [length, byPrefix] of shelf) {
        const bucket = length > spelt.length ? undefined : byPrefix.get(spelt.slice(0, length));
        if (bucket === undefined) continue;
        // The newest are the last.
        for (let i = bucket.groups.length - 1; i >= 0 && bucket.groups[i]!.serial > upTo; i--) {
          const group = bucket.groups[i]!;
          if (group.members.size > 0 && asks(group.matcher, topic)) groups.add(group);
        }
      }
    }
  }
}

function asks(matcher: TopicMatcher, topic: string): boolean {
  try {
    return matcher.matches(topic) === true;
  } catch (error) {
    // Whether the topic is meant is unknown, so it is not.
    report(`the topic matcher "${matcher.key}" threw, and does not match`, error);
    return false;
  }
}
