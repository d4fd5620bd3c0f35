/**
 * Keeps the Redis stream within its bounds: it says which trimming goes with each append.
 *
 * @module
 */

// For how long the entry that was the newest is kept though it is too old, in milliseconds: readers may still stand at it,
// and would take its absence for a loss.
const GRACE = 10_000;
// How often entries are trimmed by age at most, and how closely times are remembered, in milliseconds.
const OFTEN = 60_000;
const TICK = 1_000;

/** Trims by count with most appends, and by age with some. All times are the engine's: clocks of two machines differ. */
export class Trimming {
  readonly #maxEvents: number;
  readonly #maxAge: number;
  /** When this process appended, a tick apart. The first is the last that lies back by the grace, or there is none yet. */
  #appends: number[] = [];
  #now = 0;
  #trimmed = 0;
  #wasByAge = false;

  constructor(maxEvents: number, maxAge: number) {
    this.#maxEvents = maxEvents;
    this.#maxAge = maxAge;
  }

  /** The arguments for the next append. */
  next(): string[] {
    const limit = this.#ageLimit();
    // One append trims in one way, and never twice in a row by age, lest the count be forgotten.
    this.#wasByAge = limit !== undefined && !this.#wasByAge;
    if (this.#wasByAge) {
      this.#trimmed = this.#now;
      return ["MINID", "~", `${limit}-0`];
    }
    return this.#maxEvents === Infinity ? [] : ["MAXLEN", "~", `${this.#maxEvents}`];
  }

  /** Takes the time from the id that an append was given. */
  appended(id: string): void {
    const time = Number(id.slice(0, id.indexOf("-")));
    // Acknowledgements may come in any order, and a failover may turn the clock back.
    if (time < this.#now - GRACE) this.#appends = [];
    this.#now = time;
    if (time - (this.#appends.at(-1) ?? -Infinity) >= TICK) this.#appends.push(time);
    while (this.#appends[1]! <= time - GRACE) this.#appends.shift();
  }

  /** The time before which entries may go: too old, and older than one that was the newest when the grace began. */
  #ageLimit(): number | undefined {
    if (this.#maxAge === Infinity) return undefined;
    if (Math.abs(this.#now - this.#trimmed) < Math.min(this.#maxAge / 10, OFTEN)) return undefined;
    const [settled] = this.#appends;
    if (settled === undefined || settled > this.#now - GRACE || settled <= this.#maxAge) return undefined;
    return settled - this.#maxAge;
  }
}
