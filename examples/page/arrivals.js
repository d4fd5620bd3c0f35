// A list of what arrived, newest first and bounded. What came over the wire goes in as text, never as markup.

/** Two digits each and 24 hours, so that the times stand in a column. */
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** @param {Document} document @param {Date} [at] */
export function timeElement(document, at = new Date()) {
  const time = document.createElement("time");
  time.dateTime = at.toISOString();
  time.textContent = clock.format(at);
  return time;
}

/** @param {HTMLElement} list @param {string} text @param {{ kind?: string, limit?: number }} [options] */
export function addArrival(list, text, { kind = "message", limit = 100 } = {}) {
  const document = list.ownerDocument;
  const row = document.createElement("li");
  row.dataset.kind = kind;
  const body = document.createElement("span");
  body.textContent = text;
  row.append(timeElement(document), body);
  list.prepend(row);
  while (list.childElementCount > limit) list.lastElementChild?.remove();
}
