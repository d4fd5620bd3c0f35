/** Keeps the last messages for clients that come back, as an application does whose library keeps none. */
export class History {
  #kept = [];
  #limit;

  /** @param {number} limit how many are kept; 0 for none */
  constructor(limit) {
    this.#limit = limit;
  }

  add(message) {
    if (this.#limit === 0) return;
    this.#kept.push(message);
    if (this.#kept.length > this.#limit) this.#kept.shift();
  }

  /** Ids are numbers that grow by one. */
  after(id) {
    const first = this.#kept[0];
    if (first === undefined) return [];
    return this.#kept.slice(Math.max(0, Number(id) + 1 - Number(first.id)));
  }
}
