/**
 * Matches text against one component of a URL pattern, in time that grows with the text and the pattern and no faster.
 *
 * A runtime's own `URLPattern` makes a regular expression of a pattern, and one that a stranger wrote can keep that busy for
 * minutes. Here all ways to read the text are followed side by side, character by character, so none is tried twice.
 *
 * @module
 */

/** A step of the machine: takes one character, or goes on at two places without one. */
type Step =
  | { readonly kind: "is"; readonly code: number }
  | { readonly kind: "any"; readonly but: number }
  | { readonly kind: "fork"; a: number; b: number }
  | { readonly kind: "end" };

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
    this.#machine = this.isFixed || this.isOpen ? undefined : assemble(compile(parts, style));
  }

  matches(text: string): boolean {
    if (this.isFixed) return text === this.prefix;
    if (this.isOpen) return true;
    if (!text.startsWith(this.prefix)) return false;
    const { begin, codes, buts, next, end } = this.#machine!;
    const marks = new Int32Array(next.length).fill(NONE);
    let now = begin;
    let count = begin.length;
    // Written by turns: what is reached next, while what was reached last is read.
    let spare = new Int32Array(next.length);
    let other = new Int32Array(next.length);
    for (let i = 0; i < text.length && count > 0; i++) {
      const code = text.charCodeAt(i);
      let found = 0;
      for (let j = 0; j < count; j++) {
        const at = now[j]!;
        if (codes[at] === NONE ? buts[at] === code : codes[at] !== code) continue;
        for (const step of next[at]!) {
          if (marks[step] === i) continue;
          marks[step] = i;
          spare[found++] = step;
        }
      }
      now = spare;
      [spare, other] = [other, now];
      count = found;
    }
    for (let j = 0; j < count; j++) if (now[j] === end) return true;
    return false;
  }
}

/** The steps that take a character, and the end, as numbers: none of them is looked for while a text is read. */
interface Machine {
  /** Where reading begins. */
  readonly begin: Int32Array<ArrayBuffer>;
  /** The character that a step takes; -1 for any but the one in `buts`, and -2 for the end, which takes none. */
  readonly codes: Int32Array;
  readonly buts: Int32Array;
  /** The steps that follow on each. */
  readonly next: readonly (readonly number[])[];
  readonly end: number;
}

function assemble(steps: readonly Step[]): Machine {
  const taking = steps.map(({ kind }, at) => kind === "fork" ? NONE : at);
  const follow = (from: number) => [...reach(steps, from)].filter((at) => taking[at] !== NONE);
  const codeOf = (step: Step) => step.kind === "is" ? step.code : step.kind === "any" ? NONE : NONE - 1;
  const end = steps.length - 1;
  return {
    begin: Int32Array.from(follow(0)),
    codes: Int32Array.from(steps, codeOf),
    buts: Int32Array.from(steps, (step) => step.kind === "any" ? step.but : NONE),
    next: steps.map((step, at) => step.kind === "fork" || at === end ? [] : follow(at + 1)),
    end,
  };
}

/** A step, and whatever follows on it without a character. */
function reach(steps: readonly Step[], from: number, found: Set<number> = new Set()): Set<number> {
  const todo = [from];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (found.has(at)) continue;
    found.add(at);
    const step = steps[at]!;
    if (step.kind === "fork") todo.push(step.a, step.b);
  }
  return found;
}

function compile(parts: readonly Part[], { delimiter }: ComponentStyle): Step[] {
  const steps: Step[] = [];
  const but = delimiter === "" ? NONE : delimiter.charCodeAt(0);
  const literal = (text: string) => {
    for (let i = 0; i < text.length; i++) steps.push({ kind: "is", code: text.charCodeAt(i) });
  };
  for (const { before, hole, after, modifier } of parts) {
    const enter = modifier === "?" || modifier === "*" ? fork(steps) : undefined;
    const begin = steps.length;
    literal(before);
    if (hole === "name") {
      const first = steps.length;
      steps.push({ kind: "any", but });
      again(steps, first);
    } else if (hole === "star") {
      const skip = fork(steps);
      const first = steps.length;
      steps.push({ kind: "any", but: NONE });
      again(steps, first);
      skip.b = steps.length;
    }
    literal(after);
    if (modifier === "*" || modifier === "+") again(steps, begin);
    if (enter !== undefined) enter.b = steps.length;
  }
  steps.push({ kind: "end" });
  return steps;
}

/** A fork that goes on, and elsewhere too once `b` is set. */
function fork(steps: Step[]): Step & { kind: "fork" } {
  const step = { kind: "fork" as const, a: steps.length + 1, b: steps.length + 1 };
  steps.push(step);
  return step;
}

/** Goes back to a step, or on. */
function again(steps: Step[], to: number): void {
  steps.push({ kind: "fork", a: to, b: steps.length + 1 });
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
