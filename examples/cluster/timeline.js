// Shows who was away when, and what this tab has counted since: a lane for each process, and a list.
import { timeElement } from "../page/arrivals.js";
import { make } from "../page/element.js";
import { text } from "./text.js";

/** @typedef {import("./parts/outages.ts").Outage} Outage */
/** @typedef {{ received: number, lost: number, doubled: number }} Counts */

/** Seconds that the lanes show. */
const SPAN = 120;
/** Rows of the list. */
const ROWS = 5;
/** Counts that are remembered, to know what was lost since an outage that is heard of later. */
const MARKS = 2_400;

const words = text.timeline;

export class Timeline {
  #elements;
  /** @type {(Counts & { at: number })[]} */
  #marks = [];
  /** @type {Map<number, { row: HTMLElement, told: HTMLElement, since: HTMLElement }>} */
  #rows = new Map();

  /** @param {{ lanes: HTMLElement, start: HTMLElement, list: HTMLElement, none: HTMLElement }} elements */
  constructor(elements) {
    this.#elements = elements;
    elements.start.textContent = words.start(SPAN);
  }

  /** Remembers what has been counted by now. @param {Counts} counts @param {number} [at] */
  mark({ received, lost, doubled }, at = Date.now()) {
    this.#marks.push({ at, received, lost, doubled });
    if (this.#marks.length > MARKS) this.#marks.shift();
  }

  /**
   * @param {{ names: string[], outages: Outage[], now: number }} news `now` is by how much this clock is before the server's
   * @param {Counts} counts of this moment
   * @param {number} [at]
   */
  show({ names, outages, now: ahead }, counts, at = Date.now()) {
    const own = outages.map(({ back, ...outage }) => ({
      ...outage,
      at: outage.at + ahead,
      back: back === undefined ? undefined : back + ahead,
    }));
    this.#showLanes(names, own, at);
    this.#showList(own, counts);
  }

  /** @param {string[]} names @param {{ name: string, at: number, back: number | undefined }[]} outages @param {number} at */
  #showLanes(names, outages, at) {
    const { lanes } = this.#elements;
    const { ownerDocument: document } = lanes;
    lanes.replaceChildren(...names.map((name) => {
      const bar = make(document, "div", { className: "lane" });
      for (const outage of outages) {
        const place = outage.name === name ? span(outage, at) : undefined;
        if (!place) continue;
        const mark = make(document, "i");
        mark.style.left = `${place.left}%`;
        mark.style.width = `${place.width}%`;
        bar.append(mark);
      }
      return make(document, "div", {}, make(document, "span", {}, name), bar);
    }));
  }

  /** @param {{ number: number, name: string, how: Outage["how"], at: number, back: number | undefined }[]} outages @param {Counts} counts */
  #showList(outages, counts) {
    const { list, none } = this.#elements;
    none.hidden = outages.length > 0;
    for (const outage of outages.slice(-ROWS)) {
      const { told, since } = this.#rows.get(outage.number) ?? this.#add(outage);
      put(
        told,
        `${words.how[outage.how]}, ${
          outage.back === undefined ? words.away : words.back(((outage.back - outage.at) / 1_000).toFixed(1))
        }`,
      );
      const before = this.#marks.findLast(({ at }) => at <= outage.at);
      put(
        since,
        before
          ? words.since(
            counts.received - before.received,
            counts.lost - before.lost,
            counts.doubled - before.doubled,
          )
          : words.before,
      );
    }
    for (const [number, { row }] of this.#rows) {
      if (outages.slice(-ROWS).some((outage) => outage.number === number)) continue;
      row.remove();
      this.#rows.delete(number);
    }
    list.hidden = outages.length === 0;
  }

  /** @param {{ number: number, name: string, at: number }} outage */
  #add({ number, name, at }) {
    const { list } = this.#elements;
    const { ownerDocument: document } = list;
    const told = make(document, "span");
    const since = make(document, "small");
    since.setAttribute("aria-live", "off"); // it changes all the time
    const what = make(document, "p", {}, make(document, "b", {}, name), " ", told, since);
    const row = make(document, "li", {}, timeElement(document, new Date(at)), what);
    list.prepend(row);
    this.#rows.set(number, { row, told, since });
    return { row, told, since };
  }
}

/** Sets a text that has changed. @param {HTMLElement} element @param {string} said */
function put(element, said) {
  if (element.textContent !== said) element.textContent = said;
}

/**
 * Where an outage lies in its lane, in percent; `undefined` if it is too long ago.
 *
 * @param {{ at: number, back?: number | undefined }} outage @param {number} now
 */
export function span({ at, back }, now) {
  const percent = (/** @type {number} */ time) => Math.max(0, 100 - (now - time) / SPAN / 10);
  const [left, right] = [percent(at), percent(back ?? now)];
  return right === 0 ? undefined : { left, width: right - left };
}
