// Counts what came: the numbers are published as 1, 2, 3…, so one that is missing was lost, and one that is not new is double.

export class Tally {
  /** The newest number; 0 before the first. */
  last = 0;
  received = 0;
  lost = 0;
  doubled = 0;
  /** How often the server said that something is missing. */
  gaps = 0;
  /** Whether what is missing before the next number is known, or excused. */
  #excused = true;

  /** @param {number} number */
  add(number) {
    this.received++;
    if (this.#excused) {
      this.#excused = false;
    } else if (number <= this.last) {
      this.doubled++;
      return;
    } else {
      this.lost += number - this.last - 1;
    }
    this.last = number;
  }

  /** Something is missing, and it was said. */
  gap() {
    this.gaps++;
    this.#excused = true;
  }
}
