/**
 * Reads a text by steps, and follows all ways to read it side by side, character by character, so that none is tried twice.
 *
 * A regular expression that a stranger wrote can keep a runtime busy for minutes. Here the time grows with the text and with
 * the number of steps, and no faster.
 *
 * @module
 */

/** A step: takes one character, or goes on at two places without one. */
type Step =
  | { readonly kind: "is"; readonly code: number }
  | { readonly kind: "any"; readonly but: number }
  | { readonly kind: "of"; readonly set: CharacterSet }
  | Fork
  | { readonly kind: "end" };

/** Goes on at two places. */
export interface Fork {
  readonly kind: "fork";
  a: number;
  b: number;
}

const NONE = -1;
// Instead of a character's code: a step that takes any but one, one that takes those of a set, and what takes none.
const ANY = -1;
const OF = -2;
const END = -3;

/** Some of the characters of ASCII. */
export class CharacterSet {
  readonly #has = new Uint8Array(128);

  /** @param characters Those that are in it. */
  constructor(characters: string) {
    for (let i = 0; i < characters.length; i++) this.#has[characters.charCodeAt(i)] = 1;
  }

  has(code: number): boolean {
    return code < 128 && this.#has[code] === 1;
  }
}

/** Writes the steps, one after the other: each goes on with the next, unless it is a fork. */
export class Steps {
  readonly list: Step[] = [];

  /** Where the next step will be. */
  get at(): number {
    return this.list.length;
  }

  /** Takes this text. */
  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.list.push({ kind: "is", code: text.charCodeAt(i) });
  }

  /** Takes any character but one; `""` for none. */
  any(but: string): void {
    this.list.push({ kind: "any", but: but === "" ? NONE : but.charCodeAt(0) });
  }

  /** Takes a character of a set. */
  of(set: CharacterSet): void {
    this.list.push({ kind: "of", set });
  }

  /** Goes on, and elsewhere too once that is set in `b`. */
  fork(): Fork {
    const step: Fork = { kind: "fork", a: this.at + 1, b: this.at + 1 };
    this.list.push(step);
    return step;
  }

  /** Goes to a step, at once or when the function that is returned says where it is. */
  go(to: number = this.at): (to: number) => void {
    const step = this.fork();
    step.a = step.b = to;
    return (at) => step.a = step.b = at;
  }

  /** Takes what one of two takes. */
  either(first: () => void, second: () => void): void {
    const choice = this.fork();
    first();
    const end = this.go();
    choice.b = this.at;
    second();
    end(this.at);
  }

  /** Goes back to a step, or on. */
  again(to: number): void {
    this.fork().a = to;
  }

  /** Takes what `step` takes, any number of times. */
  repeat(step: () => void): void {
    const skip = this.fork();
    const first = this.at;
    step();
    this.again(first);
    skip.b = this.at;
  }
}

/** The steps as numbers, so that none is looked for while a text is read. */
export class Machine {
  /** Where reading begins. */
  readonly #begin: Int32Array<ArrayBuffer>;
  /** The character that a step takes, or one of the constants above. */
  readonly #codes: Int32Array;
  readonly #buts: Int32Array;
  readonly #sets: readonly (CharacterSet | undefined)[];
  /** The steps that follow on each: such as take a character, and the end. */
  readonly #next: readonly (readonly number[])[];
  readonly #end: number;

  constructor({ list }: Steps) {
    const steps: readonly Step[] = [...list, { kind: "end" }];
    const follow = (from: number) => [...reach(steps, from)].filter((at) => steps[at]!.kind !== "fork");
    this.#end = steps.length - 1;
    this.#begin = Int32Array.from(follow(0));
    this.#codes = Int32Array.from(steps, codeOf);
    this.#buts = Int32Array.from(steps, (step) => step.kind === "any" ? step.but : NONE);
    this.#sets = steps.map((step) => step.kind === "of" ? step.set : undefined);
    this.#next = steps.map(({ kind }, at) => kind === "fork" || kind === "end" ? [] : follow(at + 1));
  }

  /** Whether the steps take the whole text. */
  matches(text: string): boolean {
    const [codes, buts, sets, next] = [this.#codes, this.#buts, this.#sets, this.#next];
    const marks = new Int32Array(next.length).fill(NONE);
    let now = this.#begin;
    let count = now.length;
    // Written by turns: what is reached next, while what was reached last is read.
    let spare = new Int32Array(next.length);
    let other = new Int32Array(next.length);
    for (let i = 0; i < text.length && count > 0; i++) {
      const code = text.charCodeAt(i);
      let found = 0;
      for (let j = 0; j < count; j++) {
        const at = now[j]!;
        const takes = codes[at]!;
        if (takes === ANY ? buts[at] === code : takes === OF ? !sets[at]!.has(code) : takes !== code) {
          continue;
        }
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
    for (let j = 0; j < count; j++) if (now[j] === this.#end) return true;
    return false;
  }
}

function codeOf(step: Step): number {
  if (step.kind === "is") return step.code;
  return step.kind === "any" ? ANY : step.kind === "of" ? OF : END;
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
