/**
 * Makes matchers of what subscribers and tokens ask for: a topic by its name, a pattern, or `*` for every topic.
 *
 * @module
 */

import { RecentMap } from "../../base/recent.ts";
import type { TopicIndex } from "../../log/matchers.ts";
import { PatternError } from "./linear.ts";
import { isPrintable, topicOf, type TopicReader } from "../topic.ts";
import { readUriTemplate } from "./uri_template.ts";
import { CompiledPattern, findURLPattern } from "./url_pattern.ts";

/** The types of matchers, by the names that the protocol has for them. */
export type MatchType = "exact" | "urlpattern";

/** A topic or a URI template, as the older protocol has them in one: no client and no token can ask for it by this name. */
export type LegacyType = "template";

export const MATCH_TYPES: readonly MatchType[] = ["exact", "urlpattern"];

/** What stands for every topic, whatever the type. */
export const EVERY = "*";

/** One matcher. Two with the same type and text are the same object for as long as it is remembered. */
export interface Matcher {
  readonly type: MatchType | LegacyType;
  readonly text: string;
  /** What it matches, as text: those with equal keys match the same topics. */
  readonly key: string;
  /** How topics are found that it may match, where it is a pattern. */
  readonly pattern: TopicIndex | undefined;
  /** Whether it matches a topic. */
  matches(topic: string): boolean;
}

// How many patterns are kept ready, at least: subscribers that come back bring the same ones.
const MOST_PATTERNS = 10_000;

export class Matchers {
  readonly topics: TopicReader;
  readonly #longest: number;
  readonly #ready = new RecentMap<string, Matcher>(MOST_PATTERNS);

  /** @param longest Characters that a matcher may have. */
  constructor(topics: TopicReader, longest: number) {
    this.topics = topics;
    this.#longest = longest;
  }

  /**
   * Makes a matcher.
   *
   * @throws {PatternError} If it is none, or longer than allowed: the message says why, and may be told to whoever sent it.
   */
  async make(type: MatchType | LegacyType, text: string): Promise<Matcher> {
    if (text === "") throw new PatternError("it is empty");
    if (text.length > this.#longest) {
      throw new PatternError(`it has ${text.length} characters, and ${this.#longest} are allowed`);
    }
    if (!isPrintable(text)) throw new PatternError("it has a control character, or one that cannot be seen");
    if (text === EVERY) return { type, text, key: EVERY, pattern: undefined, matches: () => true };
    const key = `${type} ${text}`;
    if (type === "exact") return { type, text, key, pattern: undefined, matches: (topic) => topic === text };
    let matcher = this.#ready.get(key);
    if (matcher === undefined) {
      matcher = type === "template" ? readTemplate(text, key) : await this.#compile(text, key);
      this.#ready.set(key, matcher);
    }
    return matcher;
  }

  async #compile(text: string, key: string): Promise<Matcher> {
    const URLPattern = await findURLPattern();
    const { topics } = this;
    const pattern = new CompiledPattern(text, topics.base, URLPattern);
    const matches = (topic: string) => {
      const parts = topics.read(topic);
      return parts !== undefined && pattern.matches(parts);
    };
    const index = { spell: topics.spell, prefix: pattern.prefix };
    return { type: "urlpattern", text, key, pattern: index, matches };
  }
}

/**
 * A matcher that matches no more than others do.
 *
 * @param name Whose limits these are: nobody else's have it.
 */
export function within(matcher: Matcher, limits: readonly Matcher[], name: string): Matcher {
  return {
    ...matcher,
    // By a control character, which no text of a matcher holds.
    key: `${matcher.key}\u0001${name}`,
    matches: (topic) => matcher.matches(topic) && limits.some((limit) => limit.matches(topic)),
  };
}

/**
 * Segments of a path that URLs do without. A template is of text and would let them pass, so that whoever may publish below
 * one path would reach those who listen, by URL patterns, below another.
 */
const DOTS = /(?:^|[/\\])(?:\.|%2e){1,2}(?:[/\\?#]|$)/i;

/** A template matches itself too, and a text that is none matches nothing else. */
function readTemplate(text: string, key: string): Matcher {
  const template = readUriTemplate(text);
  return {
    type: "template",
    text,
    key,
    pattern: template && { spell: topicOf, prefix: template.prefix },
    matches: (topic) =>
      topic === text || (template !== undefined && !DOTS.test(topic) && template.matches(topic)),
  };
}
