// One row of the list. Everything that came over the wire goes in as text, never as markup.
import { text } from "./text.js";

/** @typedef {"message" | "json" | "heartbeat" | "gap"} RowKind */
/** @typedef {{ kind: RowKind, text: string, detail?: string, at: Date }} Row */

/** Two digits each and 24 hours, so that the times stand in a column. */
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** @param {import("./connection.js").StreamEvent} event @param {Date} [at] @returns {Row} */
export function toRow(event, at = new Date()) {
  if (event.name === "gap") return { kind: "gap", text: text.gap.title, detail: gapDetail(event.data), at };
  return { kind: kindOf(event.data), text: event.data, at };
}

/** @param {Document} document @param {Row} row */
export function createRow(document, { kind, text, detail, at }) {
  const row = document.createElement("li");
  row.className = "row";
  row.dataset.kind = kind;
  // A heartbeat every few seconds is there to be seen; read aloud it would drown everything else.
  if (kind === "heartbeat") row.setAttribute("aria-live", "off");
  const time = document.createElement("time");
  time.dateTime = at.toISOString();
  time.textContent = clock.format(at);
  const body = document.createElement("p");
  body.className = "row-text";
  body.dir = "auto";
  body.textContent = text;
  row.append(time, body);
  if (detail) {
    const note = document.createElement("small");
    note.textContent = detail;
    body.append(note);
  }
  return row;
}

/** @param {string} data @returns {RowKind} */
function kindOf(data) {
  if (/^Auto heartbeat #\d+$/.test(data)) return "heartbeat";
  if (!/^[[{]/.test(data)) return "message"; // a bare number or word is JSON too, but reads as prose
  try {
    JSON.parse(data);
    return "json";
  } catch {
    return "message";
  }
}

/** @param {string} data what the server says about the gap, as JSON */
function gapDetail(data) {
  try {
    const { requested, resumedAt, reason } = JSON.parse(data);
    const sentences = [text.gap.reasons[reason] ?? String(reason ?? "")];
    if (requested && resumedAt) sentences.push(text.gap.between(String(requested), String(resumedAt)));
    return sentences.join(" ").trim();
  } catch {
    return data; // that events are missing matters more than why
  }
}
