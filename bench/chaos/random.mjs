// Draws the same numbers again from the same seed.
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0, below 1: a linear congruence, of which a second mixing hides the regular low bits. */
  next() {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  }

  below(below) {
    return Math.floor(this.next() * below);
  }

  between(least, most) {
    return least + this.next() * (most - least);
  }

  pick(values) {
    return values[this.below(values.length)];
  }

  /** A new list of the same values in another order. */
  shuffle(values) {
    const left = [...values];
    return values.map(() => left.splice(this.below(left.length), 1)[0]);
  }
}
