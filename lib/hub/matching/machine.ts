/**
 * Reads a text by steps, and follows all ways to read it side by side, character by character, so that none is tried twice.
 *
 * A regular expression that a stranger wrote can keep a runtime busy for minutes. Here the time grows with the text and with
 * the number of steps, and no faster.
 *
 * @module
 */

/** Goes on at two places. */
export interface Fork {
  readonly kind: "fork";
  a: number;
  b: number;
}

// What a step takes: one character, any, any but one, or one of a set. The end takes none.
const IS = 0;
const ANY = 1;
const BUT = 2;
const OF = 3;
const END = 4;

/** Takes one character, of which `value` says more: its code, or the place of the set. */
interface Taking {
  readonly kind: typeof IS | typeof ANY | typeof BUT | typeof OF | typeof END;
  readonly value: number;
}

type Step = Taking | Fork;

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
  readonly sets: CharacterSet[] = [];

  /** Where the next step will be. */
  get at(): number {
    return this.list.length;
  }

  /** Takes this text. */
  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.list.push({ kind: IS, value: text.charCodeAt(i) });
  }

  /** Takes any character but one; `""` for none. */
  any(but: string): void {
    this.list.push(but === "" ? { kind: ANY, value: 0 } : { kind: BUT, value: but.charCodeAt(0) });
  }

  /** Takes a character of a set. */
  of(set: CharacterSet): void {
    let value = this.sets.indexOf(set);
    if (value === -1) value = this.sets.push(set) - 1;
    this.list.push({ kind: OF, value });
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

/**
 * The steps as numbers, so that none is looked for while a text is read: some 7 bytes for each, since strangers may bring
 * many that are long.
 */
export class Machine {
  readonly #kinds: Uint8Array;
  readonly #values: Uint16Array;
  readonly #sets: readonly CharacterSet[];
  /** Where in `next` the steps begin that follow on each; on the last one follow those with which reading begins. */
  readonly #starts: Uint16Array | Uint32Array;
  /** Those that take a character, and the end. */
  readonly #next: Uint16Array | Uint32Array;

  constructor({ list, sets }: Steps) {
    const steps: readonly Step[] = [...list, { kind: END, value: 0 }];
    const following = new Following(steps);
    const starts = [0];
    const next: number[] = [];
    for (let at = 0; at < steps.length; at++) {
      const { kind } = steps[at]!;
      if (kind !== "fork" && kind !== END) following.add(at + 1, next);
      starts.push(next.length);
    }
    following.add(0, next);
    starts.push(next.length);
    const Places = next.length < 1 << 16 ? Uint16Array : Uint32Array;
    this.#kinds = Uint8Array.from(steps, ({ kind }) => kind === "fork" ? END : kind);
    this.#values = Uint16Array.from(steps, (step) => step.kind === "fork" ? 0 : step.value);
    this.#sets = sets;
    this.#starts = Places.from(starts);
    this.#next = Places.from(next);
  }

  /**
   * Whether the steps take the whole text.
   *
   * @param from Where in the text to begin.
   */
  matches(text: string, from = 0): boolean {
    const [kinds, values, sets, starts, next] = [
      this.#kinds,
      this.#values,
      this.#sets,
      this.#starts,
      this.#next,
    ];
    const size = kinds.length;
    const marks = new Int32Array(size).fill(-1);
    // Written by turns: what is reached next, while what was reached last is read.
    let now = new Int32Array(size);
    let then = new Int32Array(size);
    let count = 0;
    for (let k = starts[size]!; k < starts[size + 1]!; k++) now[count++] = next[k]!;
    for (let i = from; i < text.length && count > 0; i++) {
      const code = text.charCodeAt(i);
      let found = 0;
      for (let j = 0; j < count; j++) {
        const at = now[j]!;
        const kind = kinds[at]!;
        const value = values[at]!;
        const takes = kind === IS
          ? value === code
          : kind === BUT
          ? value !== code
          : kind === OF
          ? sets[value]!.has(code)
          : kind === ANY;
        if (!takes) continue;
        for (let k = starts[at]!; k < starts[at + 1]!; k++) {
          const step = next[k]!;
          if (marks[step] === i) continue;
          marks[step] = i;
          then[found++] = step;
        }
      }
      [now, then] = [then, now];
      count = found;
    }
    for (let j = 0; j < count; j++) if (now[j] === size - 1) return true;
    return false;
  }
}

/** Finds what follows on a step without a character. */
class Following {
  readonly #steps: readonly Step[];
  /** The last search that came to each step. */
  readonly #seen: Uint32Array;
  #search = 0;

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#seen = new Uint32Array(steps.length);
  }

  /** Adds the step, or if it is a fork all to which that leads. */
  add(from: number, to: number[]): void {
    if (this.#steps[from]!.kind !== "fork") {
      to.push(from);
      return;
    }
    this.#search++;
    const todo = [from];
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      if (this.#seen[at] === this.#search) continue;
      this.#seen[at] = this.#search;
      const step = this.#steps[at]!;
      if (step.kind === "fork") todo.push(step.a, step.b);
      else to.push(at);
    }
  }
}
