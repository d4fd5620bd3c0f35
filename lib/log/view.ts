/**
 * Decides which clients see which events. Clients with the same topics and the same filter share one view, and with it
 * every chunk that is made for it.
 *
 * @module
 */

import { report } from "../base/errors.ts";
import type { Chunk, EventLog, LogEntry, Selection } from "./log.ts";
import { type MatcherGroup, MatcherIndex, type TopicMatcher } from "./matchers.ts";

/** Decides for one event whether the clients of a view receive it. */
export type Filter = (event: never) => boolean;

/** The topics that a client asks for: by name, by matchers, or all. */
export type Topics = readonly (string | TopicMatcher)[] | "*";

// Pieces of the log that a view keeps for a moment: a crowd that comes back together asks for the same ones.
const MOST_PIECES = 4;

/** One view, and its clients that keep up. */
export class View<Client> implements Selection {
  /** The topics by name, or `undefined` for all of them. */
  readonly topics: ReadonlySet<string> | undefined;
  /** The clients that are handed each batch as it is flushed. Those that lag read from the log instead. */
  readonly live: Set<Client> = new Set();
  /** How many clients there are, lagging ones included. */
  clients = 0;
  /** The same topics in any order. */
  readonly key: string;
  readonly filter: Filter | undefined;
  /**
   * By where they begin. They are good as long as the log's tip is where it was, and as `conflate` is the same for all
   * clients of one Broadcaster, it is no part of the key.
   */
  readonly #pieces = new Map<number, Chunk>();
  #tip = 0;
  readonly #matchers: MatcherIndex<View<Client>>;
  readonly #groups: readonly MatcherGroup<View<Client>>[];

  constructor(
    key: string,
    topics: ReadonlySet<string> | undefined,
    filter: Filter | undefined,
    matchers: { readonly index: MatcherIndex<View<Client>>; readonly own: readonly TopicMatcher[] },
  ) {
    this.key = key;
    this.topics = topics;
    this.filter = filter;
    this.#matchers = matchers.index;
    this.#groups = matchers.own.map((matcher) => matchers.index.add(matcher, this));
  }

  get hasMatchers(): boolean {
    return this.#groups.length > 0;
  }

  /** Takes its matchers out of the index: it has no client any more. */
  leave(): void {
    for (const group of this.#groups) this.#matchers.delete(group, this);
  }

  /** What {@linkcode EventLog.read} says, made once while several clients ask for it. */
  read(log: EventLog, cursor: number, maxBytes: number, conflate: boolean): Chunk {
    if (this.#tip !== log.tip) this.forget();
    this.#tip = log.tip;
    let piece = this.#pieces.get(cursor);
    if (piece !== undefined) return piece;
    piece = log.read(cursor, this, maxBytes, conflate);
    if (piece.bytes === undefined) return piece;
    if (this.#pieces.size === MOST_PIECES) this.forget();
    this.#pieces.set(cursor, piece);
    return piece;
  }

  /** Lets go of the pieces, for which nobody may ask any more. */
  forget(): void {
    this.#pieces.clear();
  }

  sees(topic: string): boolean {
    if (this.topics === undefined || this.topics.has(topic)) return true;
    for (const group of this.#groups) if (this.#matchers.matches(group, topic)) return true;
    return false;
  }

  #seesAnyOf(topic: string | readonly string[]): boolean {
    if (typeof topic === "string") return this.sees(topic);
    for (const each of topic) if (this.sees(each)) return true;
    return false;
  }

  matches(entry: LogEntry): boolean {
    const { topic, audience } = entry;
    const isElsewhere = audience === undefined && topic !== undefined && this.topics !== undefined &&
      !this.#seesAnyOf(topic);
    return !isElsewhere && this.passes(entry);
  }

  /** The same for an entry of whose topics it sees one. */
  passes({ event, audience }: LogEntry): boolean {
    if (audience !== undefined) return audience === "all";
    if (this.filter === undefined) return true;
    try {
      return this.filter(event as never) === true;
    } catch (error) {
      // Whether this client may see the event is unknown, so it does not.
      report("a subscription's filter threw, and the event was withheld", error);
      return false;
    }
  }
}

/** All views that have clients, findable by topic. */
export class Views<Client> {
  readonly #all = new Set<View<Client>>();
  /** Those that see every topic, and those that see each one. */
  readonly #everyTopic = new Set<View<Client>>();
  readonly #byTopic = new Map<string, Set<View<Client>>>();
  /** Those that have matchers, by these. */
  readonly #matchers = new MatcherIndex<View<Client>>();
  /** By topics, then by filter: the same function is the same filter. */
  readonly #shared = new Map<string, Map<Filter | undefined, View<Client>>>();

  /** The view with these topics and this very filter, made if it is new. Release it once for every call. */
  acquire(topics: Topics, filter: Filter | undefined): View<Client> {
    const { names, matchers, key } = sortTopics(topics);
    let sameTopics = this.#shared.get(key);
    if (sameTopics === undefined) this.#shared.set(key, sameTopics = new Map());
    let view = sameTopics.get(filter);
    if (view === undefined) {
      view = new View<Client>(key, names, filter, { index: this.#matchers, own: matchers });
      sameTopics.set(filter, view);
      this.#all.add(view);
      if (view.topics === undefined) this.#everyTopic.add(view);
      for (const topic of view.topics ?? []) {
        const views = this.#byTopic.get(topic);
        if (views === undefined) this.#byTopic.set(topic, new Set([view]));
        else views.add(view);
      }
    }
    view.clients++;
    return view;
  }

  /** Lets go of what no crowd asks for any more. */
  tidy(): void {
    for (const view of this.#all) view.forget();
  }

  /** Forgets the view with its last client. */
  release(view: View<Client>): void {
    if (--view.clients > 0) return;
    this.#all.delete(view);
    this.#everyTopic.delete(view);
    view.leave();
    for (const topic of view.topics ?? []) {
      const views = this.#byTopic.get(topic)!;
      views.delete(view);
      if (views.size === 0) this.#byTopic.delete(topic);
    }
    const sameTopics = this.#shared.get(view.key)!;
    sameTopics.delete(view.filter);
    if (sameTopics.size === 0) this.#shared.delete(view.key);
  }

  /**
   * Gives each view that has clients that keep up those of the entries that concern it. An entry is put only to views that
   * its topics lead to: the cost of a flush is what it reaches.
   */
  share(entries: readonly LogEntry[], give: (view: View<Client>, seen: readonly LogEntry[]) => void): void {
    const general: LogEntry[] = [];
    const shares = new Map<View<Client>, LogEntry[]>();
    for (const entry of entries) {
      const { topic, audience } = entry;
      if (audience === "none") continue;
      if (topic === undefined) general.push(entry);
      else if (typeof topic === "string") this.#lead(entry, topic, shares);
      else for (const each of topic) this.#lead(entry, each, shares);
    }
    const giveTo = (view: View<Client>, own: readonly LogEntry[]) => {
      if (view.live.size === 0) return;
      const seen = view.filter === undefined ? own : own.filter((entry) => view.passes(entry));
      if (seen.length > 0) give(view, seen);
    };
    for (const view of this.#everyTopic) giveTo(view, entries);
    if (general.length === 0) {
      for (const [view, own] of shares) giveTo(view, own);
      return;
    }
    for (const view of this.#all) {
      if (view.topics !== undefined) giveTo(view, inOrder(general, shares.get(view)));
    }
  }

  /** Adds an entry to the shares of the views that see a topic by name or by a matcher. */
  #lead(entry: LogEntry, topic: string, shares: Map<View<Client>, LogEntry[]>): void {
    const add = (view: View<Client>) => {
      const own = shares.get(view);
      if (own === undefined) shares.set(view, [entry]);
      // Another of its topics may have led here.
      else if (own.at(-1) !== entry) own.push(entry);
    };
    this.#byTopic.get(topic)?.forEach(add);
    if (this.#matchers.size === 0) return;
    for (const { members } of this.#matchers.matching(topic)) members.forEach(add);
  }
}

function inOrder(general: LogEntry[], own: LogEntry[] | undefined): LogEntry[] {
  return own === undefined ? general : [...general, ...own].sort((a, b) => a.seq - b.seq);
}

/** Takes apart what a client asks for. The same in any order, and said twice, has the same key. */
function sortTopics(
  topics: Topics,
): { names: ReadonlySet<string> | undefined; matchers: readonly TopicMatcher[]; key: string } {
  if (topics === "*") return { names: undefined, matchers: [], key: "*" };
  const names = new Set<string>();
  const matchers = new Map<string, TopicMatcher>();
  for (const topic of topics) {
    if (typeof topic === "string") names.add(topic);
    else if (!matchers.has(topic.key)) matchers.set(topic.key, topic);
  }
  const sorted: unknown[] = [...names].sort();
  // A list in the list: no name can be mistaken for it.
  if (matchers.size > 0) sorted.push([...matchers.keys()].sort());
  return { names, matchers: [...matchers.values()], key: JSON.stringify(sorted) };
}
