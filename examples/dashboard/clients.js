// Shows the table of who is connected, and starts a client that stalls when a button is pressed.
import { make } from "../page/element.js";
import { formatBytes } from "./figures.js";
import { text } from "./text.js";

/** @typedef {import("./broadcast.js").Fetch} Fetch */
/** @typedef {import("./registry.ts").Row} Row */

const words = text.clients;

/** @param {HTMLElement} body the table's @param {Row[]} rows @param {number} ownId */
export function showClients(body, rows, ownId) {
  const { ownerDocument: document } = body;
  body.replaceChildren(...rows.map(({ id, kind, waiting, left }) => {
    const state = left ? "evicted" : waiting.events > 0 ? "lagging" : "live";
    const name = id === ownId ? words.you(id) : words[kind](id);
    const amount = words.amount(waiting.events, formatBytes(waiting.bytes));
    return make(
      document,
      "tr",
      { dataset: { state, kind } },
      make(document, "td", {}, name),
      make(document, "td", { className: "number" }, amount),
      make(document, "td", {}, words[state]),
    );
  }));
}

/**
 * @param {{ button: HTMLElement, note: HTMLElement }} elements
 * @param {{ fetch?: Fetch }} [options]
 */
export function enableStall({ button, note }, { fetch = globalThis.fetch.bind(globalThis) } = {}) {
  button.addEventListener("click", async () => {
    const response = await fetch("stall", { method: "POST" }).catch(() => undefined);
    note.textContent = response?.ok ? words.started : response?.status === 429 ? words.enough : words.failed;
    note.dataset.kind = response?.ok ? "ok" : "error";
  });
}
