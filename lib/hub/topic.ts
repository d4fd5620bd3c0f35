/**
 * Knows what a topic may look like, how it is read as a URL, and under which name the log holds it.
 *
 * A private update lies in the log under names of its own: the topic with a mark before it, a control character, which no
 * topic and no matcher may hold. So what a subscription can see is said by the names that it asks for, and whoever has no
 * right to private updates asks for none of theirs: live and at replay, by the same code.
 *
 * @module
 */

/** What a private topic begins with in the log. */
const MARK = "\u0001";

// C0, DEL and C1 controls, invisible format characters, by which one topic could be made to look like another, and halves of
// characters, which no UTF-8 holds.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]/u;

/** Whether a text is fit for a topic, an id, a type or a matcher. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** The name under which the log holds the private updates of a topic. */
export function privateName(topic: string): string {
  return MARK + topic;
}

export function isPrivate(name: string): boolean {
  return name.startsWith(MARK);
}

/**
 * The name under which the log holds what hubs with this path say to each other. It is no topic's, and a private one to whoever
 * may see none of those.
 */
export function hubName(path: string): string {
  return MARK + MARK + path;
}

export function isHubName(name: string): boolean {
  return name.startsWith(MARK + MARK);
}

/** The topic, by either of its names. */
export function topicOf(name: string): string {
  return isPrivate(name) ? name.slice(MARK.length) : name;
}

/** The parts of a topic that was read as a URL, as patterns see them. */
export interface TopicParts {
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
}

/** How the index of matchers spells a URL. */
export function spell({ protocol, hostname, port }: Omit<TopicParts, "pathname">, pathname: string): string {
  return `${protocol}://${hostname}${port === "" ? "" : `:${port}`}${pathname}`;
}

/** Reads topics as URLs, relative ones against the hub's own. */
export class TopicReader {
  readonly base: URL;
  /** The last one that was read: one topic is put to many patterns. */
  #last: { readonly topic: string; readonly parts: TopicParts | undefined } | undefined;
  /** The same function for all patterns, since they are looked up together by it: takes either name of a topic. */
  readonly spell: (name: string) => string | undefined;

  constructor(base: URL) {
    this.base = base;
    this.spell = (name) => {
      const parts = this.read(topicOf(name));
      return parts && spell(parts, parts.pathname);
    };
  }

  /** The parts of a topic; `undefined` if it is no URL. */
  read(topic: string): TopicParts | undefined {
    if (this.#last?.topic !== topic) this.#last = { topic, parts: this.#parse(topic) };
    return this.#last!.parts;
  }

  #parse(topic: string): TopicParts | undefined {
    try {
      const { protocol, username, password, hostname, port, pathname, search, hash } = new URL(
        topic,
        this.base,
      );
      return {
        protocol: protocol.slice(0, -1),
        username,
        password,
        hostname,
        port,
        pathname,
        search: search.slice(1),
        hash: hash.slice(1),
      };
    } catch {
      return undefined;
    }
  }

  /** Whether a topic lies where only the hub itself may publish: at its path, or below. */
  isReserved(topic: string): boolean {
    const parts = this.read(topic);
    if (parts === undefined) return false;
    const own = this.base.pathname;
    const path = unescapePath(parts.pathname);
    return path === own || path.startsWith(own.endsWith("/") ? own : `${own}/`);
  }
}

/** A path without dot segments, and without escapes of characters that need none. */
function unescapePath(path: string): string {
  // A URL's own path has no dot segments.
  if (!path.includes("%")) return path;
  const plain = path.replace(/%([0-9a-f]{2})/gi, (escape, code: string) => {
    const character = String.fromCharCode(Number.parseInt(code, 16));
    return /[\w.~-]/.test(character) ? character : escape;
  });
  try {
    return new URL(plain, "http://localhost").pathname;
  } catch {
    return plain;
  }
}
