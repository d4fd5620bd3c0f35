// Draws the chart of delivery: events a second over the last minute, for this page and for clients that stall.
import { text } from "./text.js";

/** Seconds that are shown. */
const SPAN = 60;

/**
 * @typedef {object} RateElements
 * @property {Element} plot the svg with the lines `.here` and `.there`
 * @property {HTMLElement} top says what the chart's upper edge stands for
 * @property {HTMLElement} here
 * @property {HTMLElement} there the newest value of each
 */

export class Rate {
  #elements;
  #arrived = 0;
  /** @type {(number | undefined)[]} */
  #here = [];
  /** @type {(number | undefined)[]} */
  #there = [];

  /** @param {RateElements} elements */
  constructor(elements) {
    this.#elements = elements;
  }

  /** An event has arrived in this page. */
  count() {
    this.#arrived++;
  }

  /** A second is over. @param {number | undefined} there what stalling clients have read in it, if there are any */
  tick(there) {
    this.#here.push(this.#arrived);
    this.#there.push(there);
    this.#arrived = 0;
    for (const values of [this.#here, this.#there]) if (values.length > SPAN) values.shift();
    this.#render();
  }

  #render() {
    const { plot, top, here, there } = this.#elements;
    const most = Math.max(10, ...this.#here.map(Number), ...this.#there.map((value) => value ?? 0));
    top.textContent = String(most);
    plot.querySelector(".here")?.setAttribute("d", line(this.#here, most));
    plot.querySelector(".there")?.setAttribute("d", line(this.#there, most));
    here.textContent = String(this.#here.at(-1) ?? text.unknown);
    there.textContent = String(this.#there.at(-1) ?? text.unknown);
  }
}

/**
 * The line as a path, the newest value at the right, with gaps where nobody knows.
 *
 * @param {(number | undefined)[]} values @param {number} most
 */
export function line(values, most) {
  return values.map((value, index) => {
    if (value === undefined) return "";
    const command = values[index - 1] === undefined ? "M" : "L";
    return `${command}${SPAN - values.length + index + 1},${100 - (value / most) * 96}`;
  }).join("");
}
