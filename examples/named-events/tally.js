// Counts what one reader got, and what it missed: the ids of a stream end in consecutive numbers.
import { addArrival } from "../page/arrivals.js";
import { common } from "../page/text.js";
import { text } from "./text.js";

export class Tally {
  #list;
  #count;
  #epoch = "";
  #last = 0;
  #received = 0;
  #missed = 0;

  /** @param {{ list: HTMLElement, count: HTMLElement }} elements */
  constructor({ list, count }) {
    this.#list = list;
    this.#count = count;
  }

  /** @param {{ event: string, data: string, lastEventId: string }} received */
  add({ event, data, lastEventId }) {
    const [epoch = "", number] = lastEventId.split("-");
    const place = Number(number);
    // Across a restart nobody can count: the server says so itself, by a gap.
    if (epoch === this.#epoch) {
      this.#missed += Math.max(0, place - this.#last - (event === "tidings-cursor" ? 0 : 1));
    }
    this.#epoch = epoch;
    this.#last = place;
    if (event === "tidings-cursor") return;
    if (event === "gap") addArrival(this.#list, common.gap.title, { kind: "gap" });
    else {
      this.#received++;
      addArrival(this.#list, data, { kind: event });
    }
    this.#count.textContent = text.count(this.#received, this.#missed);
  }

  /** Nothing will be added any more. */
  end() {
    this.#count.textContent = text.over(this.#received);
  }
}
