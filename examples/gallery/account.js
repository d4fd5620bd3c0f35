// Counts by their ids what arrived: what is missing, and what had been sent while the connection was away.

/** What comes within this time after a connection is back, or after another such event, was waiting for it. Milliseconds. */
const BURST = 400;

/** @param {string} id `<epoch>-<number>`: within an epoch the numbers are consecutive */
const parse = (id) => {
  const [epoch = "", number] = id.split("-");
  return { epoch, number: Number(number) };
};

export class Account {
  #epoch = "";
  /** The last number before the connection went; `undefined` while it stands. @type {number | undefined} */
  #left;
  #until = 0;
  /** The numbers of the first event that arrived and of the last; 0 if there is none. */
  first = 0;
  last = 0;
  received = 0;
  missing = 0;
  /** Of the last absence: how many events were sent meanwhile, and how many of them arrived. */
  away = { sent: 0, received: 0 };

  /** The connection is gone. */
  leave() {
    this.#left ??= this.last;
    this.#until = 0;
  }

  /** It is back. @param {number} at milliseconds @returns {boolean} whether there was one before */
  back(at) {
    if (this.#left === undefined) return false;
    this.#until = at + BURST;
    this.away = { sent: 0, received: 0 };
    return this.#epoch !== "";
  }

  /**
   * An event has arrived.
   *
   * @param {string} id @param {number} at milliseconds
   * @returns {{ number: number, late: boolean }} `late` if it was sent while the connection was away
   */
  add(id, at) {
    const { epoch, number } = parse(id);
    if (epoch !== this.#epoch || this.received === 0) this.#begin(epoch, number);
    else this.missing += Math.max(0, number - this.last - 1);
    this.last = Math.max(this.last, number);
    this.received++;
    const late = this.#left !== undefined && at <= this.#until;
    if (late) {
      this.#until = at + BURST;
      this.away = { sent: number - /** @type {number} */ (this.#left), received: this.away.received + 1 };
    } else if (this.#until > 0) this.#left = undefined;
    return { number, late };
  }

  /** The server has told that events are missing, and goes on after this id. @param {string} id */
  gap(id) {
    const { epoch, number } = parse(id);
    this.#begin(epoch, number + 1);
    this.last = number;
    this.#left = undefined;
  }

  /** @param {string} epoch @param {number} first */
  #begin(epoch, first) {
    this.#epoch = epoch;
    this.first = first;
    this.received = 0;
    this.missing = 0;
    if (this.#left !== undefined) this.#left = first - 1;
  }
}
