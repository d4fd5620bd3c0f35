/**
 * Reads a URL pattern as the runtime does, and matches topics by it in linear time.
 *
 * @module
 */

import { type ComponentStyle, LinearMatcher, PatternError } from "./linear.ts";
import { spell, type TopicParts } from "../topic.ts";

type Component = keyof TopicParts;
type Components = Readonly<Record<Component, string>>;

/** The runtime's own class, as far as it is used: to read a pattern, never to match by it. */
export type URLPatternClass = new (pattern: string, base: string) => Components;

const COMPONENTS: readonly Component[] = [
  "protocol",
  "username",
  "password",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
];

const PLAIN: ComponentStyle = { delimiter: "", prefix: "" };
const HOST: ComponentStyle = { delimiter: ".", prefix: "" };
const PATH: ComponentStyle = { delimiter: "/", prefix: "/" };
// Schemes whose paths have segments: URL standard, section 4.2.
const WITH_SEGMENTS = ["http", "https", "ws", "wss", "ftp", "file"];

// How many names, wildcards and groups a component may have: each is a way to read the text that is followed.
const MOST_HOLES = 16;

/**
 * Finds the runtime's `URLPattern`, or the package that stands in for it on Node 23 and older.
 *
 * @throws {Error} If there is neither, saying what to install.
 */
export async function findURLPattern(): Promise<URLPatternClass> {
  const own = (globalThis as { URLPattern?: URLPatternClass }).URLPattern;
  if (own !== undefined) return own;
  try {
    return (await import("urlpattern-polyfill")).URLPattern as unknown as URLPatternClass;
  } catch (cause) {
    throw new Error(
      "tidings/hub needs URLPattern, which this runtime does not have: run `npm install urlpattern-polyfill`, or use Node 24 " +
        "or later, Bun or Deno",
      { cause },
    );
  }
}

/** A pattern, ready to match. */
export class CompiledPattern {
  /** What {@linkcode spell} of every URL begins with that it matches. */
  readonly prefix: string;
  /** Those of components that do not match everything. */
  readonly #matchers: readonly (readonly [Component, LinearMatcher])[];

  /** @throws {Error} If it is no URL pattern, or one that this hub does not take: the message says why. */
  constructor(pattern: string, base: URL, URLPattern: URLPatternClass) {
    let read: Components;
    try {
      read = new URLPattern(pattern, base.href);
    } catch {
      throw new PatternError("it is no URL pattern");
    }
    const protocol = new LinearMatcher(read.protocol, PLAIN, MOST_HOLES);
    const hasSegments = WITH_SEGMENTS.some((scheme) => protocol.matches(scheme));
    const matchers = new Map(COMPONENTS.map((name) => {
      const style = name === "hostname" ? HOST : name === "pathname" && hasSegments ? PATH : PLAIN;
      return [name, new LinearMatcher(read[name], style, MOST_HOLES)];
    }));
    this.#matchers = [...matchers].filter(([, { isOpen }]) => !isOpen);
    const fixed = (name: Component) => matchers.get(name)!.isFixed ? matchers.get(name)!.prefix : undefined;
    const [scheme, hostname, port] = [fixed("protocol"), fixed("hostname"), fixed("port")];
    this.prefix = scheme === undefined || hostname === undefined || port === undefined ? "" : spell(
      { protocol: scheme, hostname, port, username: "", password: "", search: "", hash: "" },
      matchers.get("pathname")!.prefix,
    );
  }

  matches(parts: TopicParts): boolean {
    for (const [name, matcher] of this.#matchers) if (!matcher.matches(parts[name])) return false;
    return true;
  }
}
