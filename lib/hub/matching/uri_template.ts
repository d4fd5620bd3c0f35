/**
 * Reads a URI template (RFC 6570), and matches texts that it can expand to, in linear time.
 *
 * @module
 */

import { PatternError } from "./linear.ts";
import { CharacterSet, type Fork, Machine, Steps } from "./machine.ts";

/** A template, ready to match. */
export interface UriTemplate {
  /** What every text begins with that it matches. */
  readonly prefix: string;
  /** Whether some values of its variables expand it to this text. */
  matches(text: string): boolean;
}

/** How the values of an expression are written (RFC 6570, appendix A). */
interface Style {
  /** What comes before the first value. */
  readonly first: string;
  readonly separator: string;
  /** Whether a value has its variable's name before it; `"bare"` where one that is empty needs no equals sign. */
  readonly named: boolean | "bare";
  /** The characters that need no escape. */
  readonly allowed: CharacterSet;
}

/** A variable of an expression. */
interface Variable {
  readonly name: string;
  /** Whether each member of a list stands for itself. */
  readonly explodes: boolean;
  /** How many characters of the value there are at most. */
  readonly most: number;
}

// How many variables it may have, and characters that they are cut to: each is a way to read the text that is followed.
const MOST_VARIABLES = 16;
const MOST_CHARACTERS = 64;

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const UNRESERVED = `${LETTERS}${LETTERS.toUpperCase()}0123456789-._~`;
const PLAIN = new CharacterSet(UNRESERVED);
const WITH_RESERVED = new CharacterSet(`${UNRESERVED}:/?#[]@!$&'()*+,;=`);
const HEX = new CharacterSet("0123456789abcdefABCDEF");
// An escape that begins a character of UTF-8 begins with one of these, and the others go on with it.
const LEAD = new CharacterSet("01234567cdefCDEF");
const CONTINUATION = new CharacterSet("89abAB");

const STYLES: Readonly<Record<string, Style>> = {
  "": { first: "", separator: ",", named: false, allowed: PLAIN },
  "+": { first: "", separator: ",", named: false, allowed: WITH_RESERVED },
  "#": { first: "#", separator: ",", named: false, allowed: WITH_RESERVED },
  ".": { first: ".", separator: ".", named: false, allowed: PLAIN },
  "/": { first: "/", separator: "/", named: false, allowed: PLAIN },
  ";": { first: ";", separator: ";", named: "bare", allowed: PLAIN },
  "?": { first: "?", separator: "&", named: true, allowed: PLAIN },
  "&": { first: "&", separator: "&", named: true, allowed: PLAIN },
};

// Sections 2.1, 2.3 and 2.4; an apostrophe may stand for itself by erratum 6937.
const LITERAL = /^(?:[^\p{Cc} "%<>\\^`{|}]|%[\da-f]{2})*$/iu;
const VARIABLE = /^((?:\w|%[\da-f]{2})(?:\.?(?:\w|%[\da-f]{2}))*)(?:(\*)|:([1-9]\d{0,3}))?$/i;

/**
 * Reads a template.
 *
 * @returns `undefined` for a text that is no template, or has no variable.
 * @throws {PatternError} If it has more variables than are allowed, or longer ones.
 */
export function readUriTemplate(text: string): UriTemplate | undefined {
  // Literals and expressions, by turns.
  const parts = text.split(/\{([^{}]*)\}/);
  if (parts.length === 1 || !parts.every((part, i) => i % 2 === 1 || LITERAL.test(part))) return undefined;
  const expressions = parts.map((part, i) => i % 2 === 0 ? part : readExpression(part));
  if (expressions.includes(undefined)) return undefined;
  checkSize(expressions.flatMap((each) => typeof each === "object" ? each.variables : []));
  const steps = new Steps();
  // What it begins with is compared at once.
  for (const each of expressions.slice(1)) {
    if (typeof each === "object") writeExpression(steps, each.style, each.variables);
    else steps.text(each!);
  }
  const machine = new Machine(steps);
  const prefix = parts[0]!;
  return { prefix, matches: (topic) => topic.startsWith(prefix) && machine.matches(topic, prefix.length) };
}

function readExpression(text: string): { style: Style; variables: readonly Variable[] } | undefined {
  const operator = Object.hasOwn(STYLES, text.slice(0, 1)) ? text.slice(0, 1) : "";
  const variables: Variable[] = [];
  for (const written of text.slice(operator.length).split(",")) {
    const [, name, star, most] = VARIABLE.exec(written) ?? [];
    if (name === undefined) return undefined;
    variables.push({
      name,
      explodes: star !== undefined,
      most: most === undefined ? Infinity : Number(most),
    });
  }
  return { style: STYLES[operator]!, variables };
}

function checkSize(variables: readonly Variable[]): void {
  if (variables.length > MOST_VARIABLES) {
    throw new PatternError(`it has ${variables.length} variables, and ${MOST_VARIABLES} are allowed`);
  }
  const cut = variables.filter(({ most }) => most < Infinity).reduce((sum, { most }) => sum + most, 0);
  if (cut <= MOST_CHARACTERS) return;
  throw new PatternError(
    `its variables are cut to ${cut} characters together, and ${MOST_CHARACTERS} are allowed`,
  );
}

/** Writes an expression, of which any variables may have no value: those that have one stand in their order. */
function writeExpression(steps: Steps, style: Style, variables: readonly Variable[]): void {
  const absent = steps.fork();
  steps.text(style.first);
  // Two ways lead to a variable: none before it had a value, or one had. These are told where the next one begins.
  let before: Fork | undefined;
  let after: ((at: number) => void)[] = [];
  variables.forEach((variable, i) => {
    if (before !== undefined) before.b = steps.at;
    const value = before = steps.fork();
    const onward: typeof after = [];
    if (i > 0) {
      for (const goTo of after) goTo(steps.at);
      const skip = steps.fork();
      onward.push((at) => skip.b = at);
      steps.text(style.separator);
    }
    value.a = steps.at;
    // At least one of them has a value, or the whole expression is absent.
    if (i === variables.length - 1) value.b = steps.at;
    writeVariable(steps, style, variable);
    onward.push(steps.go());
    after = onward;
  });
  for (const goTo of after) goTo(steps.at);
  absent.b = steps.at;
}

function writeVariable(steps: Steps, style: Style, { name, explodes, most }: Variable): void {
  const unit = () => writeUnit(steps, style.allowed);
  if (explodes) {
    const begin = steps.at;
    steps.repeat(unit);
    writeEquals(steps, style.named, () => steps.repeat(unit));
    const end = steps.fork();
    steps.text(style.separator);
    steps.go(begin);
    end.b = steps.at;
    return;
  }
  const value = most < Infinity
    ? () => writeCut(steps, style.allowed, most)
    : () => steps.repeat(() => steps.either(unit, () => steps.text(",")));
  if (style.named === false) return value();
  steps.text(name);
  writeEquals(steps, style.named, value);
}

/** Writes an equals sign and a value, which may both be missing unless each value has a name. */
function writeEquals(steps: Steps, named: Style["named"], value: () => void): void {
  const absent = named === true ? undefined : steps.fork();
  steps.text("=");
  value();
  if (absent !== undefined) absent.b = steps.at;
}

/** Writes a character that needs no escape, or an escape. */
function writeUnit(steps: Steps, allowed: CharacterSet): void {
  steps.either(() => steps.of(allowed), () => {
    steps.text("%");
    steps.of(HEX);
    steps.of(HEX);
  });
}

/** Writes up to so many characters, each of which may be several escapes. */
function writeCut(steps: Steps, allowed: CharacterSet, most: number): void {
  const ends: Fork[] = [];
  const escape = (first: CharacterSet) => {
    steps.text("%");
    steps.of(first);
    steps.of(HEX);
  };
  for (let i = 0; i < most; i++) {
    ends.push(steps.fork());
    steps.either(() => steps.of(allowed), () => {
      escape(LEAD);
      steps.repeat(() => escape(CONTINUATION));
    });
  }
  for (const end of ends) end.b = steps.at;
}
