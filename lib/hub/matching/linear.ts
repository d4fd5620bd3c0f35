/**
 * Matches text against one component of a URL pattern, in time that grows with the text and the pattern and no faster: a
 * runtime's own `URLPattern` makes a regular expression of a pattern, which takes no such care.
 *
 * @module
 */

import { Machine, Steps } from "./machine.ts";

/** How a component reads names and slashes. */
export interface ComponentStyle {
  /** The character that a `:name` does not match; "" for none. */
  readonly delimiter: string;
  /** The character before a `:name` that belongs to it, so that it is optional where the name is; "" for none. */
  readonly prefix: string;
}

/** What stands in a pattern at one place. */
interface Part {
  readonly before: string;
  readonly hole: "name" | "star" | undefined;
  readonly after: string;
  readonly modifier: "" | "?" | "*" | "+";
}

/** What is no matcher, or none that a hub takes: the message says why, and may be told to whoever sent it. */
export class PatternError extends Error {}

const NONE = -1;

export class LinearMatcher {
  /** The text that all it matches begins with. */
  readonly prefix: string;
  /** Whether it matches that text alone. */
  readonly isFixed: boolean;
  /** Whether it matches every text. */
  readonly isOpen: boolean;
  readonly #machine: Machine | undefined;

  /**
   * @param pattern A component as `URLPattern` writes it.
   * @param mostHoles How many names, wildcards and groups it may have.
   * @throws {PatternError} If it has more, or a regular expression.
   */
  constructor(pattern: string, style: ComponentStyle, mostHoles: number) {
    const parts = readParts(pattern, style);
    const holes = parts.filter(({ hole, modifier }) => hole !== undefined || modifier !== "");
    if (holes.length > mostHoles) {
      throw new PatternError(
        `it has ${holes.length} names, wildcards and groups, and ${mostHoles} are allowed`,
      );
    }
    const at = parts.findIndex(({ modifier, hole }) => hole !== undefined || modifier !== "");
    const fixed = (at === NONE ? parts : parts.slice(0, at)).map(({ before, after }) => before + after).join(
      "",
    );
    this.prefix = fixed + (at === NONE || parts[at]!.modifier !== "" ? "" : parts[at]!.before);
    this.isFixed = at === NONE;
    this.isOpen = parts.length === 1 && parts[0]!.hole === "star" &&
      parts[0]!.before + parts[0]!.after === "";
    this.#machine = this.isFixed || this.isOpen ? undefined : new Machine(compile(parts, style));
  }

  matches(text: string): boolean {
    if (this.isFixed) return text === this.prefix;
    return this.isOpen || (text.startsWith(this.prefix) && this.#machine!.matches(text));
  }
}

function compile(parts: readonly Part[], { delimiter }: ComponentStyle): Steps {
  const steps = new Steps();
  for (const { before, hole, after, modifier } of parts) {
    const enter = modifier === "?" || modifier === "*" ? steps.fork() : undefined;
    const begin = steps.at;
    steps.text(before);
    if (hole === "name") {
      const first = steps.at;
      steps.any(delimiter);
      steps.again(first);
    } else if (hole === "star") {
      steps.repeat(() => steps.any(""));
    }
    steps.text(after);
    if (modifier === "*" || modifier === "+") steps.again(begin);
    if (enter !== undefined) enter.b = steps.at;
  }
  return steps;
}

const NAME = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;

function readParts(pattern: string, style: ComponentStyle): Part[] {
  const parts: Part[] = [];
  let pending = "";
  let at = 0;
  const hole = (): Part["hole"] => {
    let kind: Part["hole"];
    if (pattern[at] === ":") {
      NAME.lastIndex = at + 1;
      const name = NAME.exec(pattern);
      if (name === null) {
        throw new PatternError("it has a colon without a name: write \\: for the colon itself");
      }
      at = NAME.lastIndex;
      kind = "name";
    } else if (pattern[at] === "*") {
      at++;
      return "star";
    }
    if (pattern[at] !== "(") return kind;
    if (!pattern.startsWith("(.*)", at)) {
      throw new PatternError("it has a regular expression in parentheses, which this hub does not take");
    }
    at += 4;
    return "star";
  };
  const modifier = (): Part["modifier"] => {
    const found = pattern[at];
    if (found !== "?" && found !== "*" && found !== "+") return "";
    at++;
    return found;
  };
  const character = (): string => {
    if (pattern[at] === "\\") at++;
    return pattern[at++] ?? "";
  };
  const text = (end: string): string => {
    let found = "";
    while (at < pattern.length && !(end + ":*(").includes(pattern[at]!)) found += character();
    return found;
  };
  const flush = () => {
    if (pending !== "") parts.push({ before: pending, hole: undefined, after: "", modifier: "" });
    pending = "";
  };
  while (at < pattern.length) {
    if (pattern[at] === "{") {
      flush();
      at++;
      const before = text("}");
      const inner = hole();
      const after = inner === undefined ? "" : text("}");
      if (pattern[at++] !== "}") {
        throw new PatternError("it has a brace that is not closed, or two names in one");
      }
      parts.push({ before, hole: inner, after, modifier: modifier() });
      continue;
    }
    const found = hole();
    if (found === undefined) {
      pending += character();
      continue;
    }
    const takesPrefix = style.prefix !== "" && pending.endsWith(style.prefix);
    const before = takesPrefix ? style.prefix : "";
    if (takesPrefix) pending = pending.slice(0, -1);
    flush();
    parts.push({ before, hole: found, after: "", modifier: modifier() });
  }
  flush();
  return parts;
}
