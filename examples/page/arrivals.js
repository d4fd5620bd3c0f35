// Lists what arrived, newest first and bounded. What came over the wire goes in as text, never as markup.
import { make } from "./element.js";

/** Two digits each and 24 hours, so that the times stand in a column. */
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** @param {Document} document @param {Date} [at] */
export function timeElement(document, at = new Date()) {
  return make(document, "time", { dateTime: at.toISOString() }, clock.format(at));
}

/** @param {HTMLElement} list @param {string} text @param {{ kind?: string, limit?: number }} [options] */
export function addArrival(list, text, { kind = "message", limit = 100 } = {}) {
  const document = list.ownerDocument;
  const body = make(document, "span", {}, text);
  list.prepend(make(document, "li", { dataset: { kind } }, timeElement(document), body));
  while (list.childElementCount > limit) list.lastElementChild?.remove();
}
