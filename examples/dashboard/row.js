// Makes one row of the list. Everything that came over the wire goes in as text, never as markup.
import { timeElement } from "../page/arrivals.js";
import { make } from "../page/element.js";
import { common } from "../page/text.js";

/** @typedef {"message" | "json" | "heartbeat" | "gap"} RowKind */
/** @typedef {{ kind: RowKind, text: string, detail?: string, at: Date }} Row */

/** @typedef {import("../page/client.ts").StreamItem} StreamItem */

/** @param {StreamItem} item @param {Date} [at] @returns {Row} */
export function toRow(item, at = new Date()) {
  if (item.kind === "gap") return { kind: "gap", text: common.gap.title, detail: gapDetail(item), at };
  return { kind: kindOf(item.data), text: item.data, at };
}

/** @param {Document} document @param {Row} row */
export function createRow(document, { kind, text, detail, at }) {
  const body = make(document, "p", { className: "row-text", dir: "auto" }, text);
  if (detail) body.append(make(document, "small", {}, detail));
  const row = make(document, "li", { className: "row", dataset: { kind } }, timeElement(document, at), body);
  // A heartbeat every few seconds is there to be seen; read aloud it would drown everything else.
  if (kind === "heartbeat") row.setAttribute("aria-live", "off");
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

/** @param {{ requested?: string, resumedAt?: string, reason?: string }} gap */
function gapDetail({ requested, resumedAt, reason = "" }) {
  const sentences = [common.gap.reasons[reason] ?? reason];
  if (requested && resumedAt) sentences.push(common.gap.between(requested, resumedAt));
  return sentences.join(" ").trim();
}
