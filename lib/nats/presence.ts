/**
 * Counts the processes that watch a stream, for the one that owns it.
 *
 * Whoever begins or ceases to watch says so. One that dies says nothing, so the owner asks now and then, and forgets those
 * that have not answered by the time it asks again.
 *
 * @module
 */

/** The shortest time from one question to the next, in milliseconds: all have that long to answer. */
const PAUSE = 1_000;

export class Presence {
  readonly #heard = new Map<string, number>();
  #asked = -Infinity;

  /** How many processes are known to watch. */
  get size(): number {
    return this.#heard.size;
  }

  /** A process watches, or does no more. */
  tell(process: string, watches: boolean, now: number): void {
    if (watches) this.#heard.set(process, now);
    else this.#heard.delete(process);
  }

  /** Whether it is time to ask. If so, those are forgotten that were not heard since the last question. */
  ask(now: number): boolean {
    const age = now - this.#asked;
    if (age >= 0 && age < PAUSE) return false;
    for (const [process, at] of this.#heard) if (at < this.#asked) this.#heard.delete(process);
    this.#asked = now;
    return true;
  }
}

/** What a process says of itself. */
export function sayPresence(process: string, watches: boolean): string {
  return `${watches ? "+" : "-"}${process}`;
}

/** Reads what {@linkcode sayPresence} wrote. */
export function readPresence(text: string): { process: string; watches: boolean } | undefined {
  if (!/^[+-]./.test(text)) return undefined;
  return { process: text.slice(1), watches: text.startsWith("+") };
}
