// Posts a text to everyone, from a form. A text that could not be sent is never lost: it stays in the field.
import { text } from "./text.js";

/** @typedef {(url: string, init?: RequestInit) => Promise<Response>} Fetch */

/**
 * @param {{ form: HTMLFormElement, field: HTMLInputElement, note: HTMLElement }} elements
 * @param {{ url: string, fetch?: Fetch }} options
 */
export function enableBroadcast({ form, field, note }, { url, fetch = globalThis.fetch.bind(globalThis) }) {
  let sending = false;

  /** @param {string} sentence @param {"error" | "ok"} kind */
  const say = (sentence, kind) => {
    note.textContent = sentence;
    note.dataset.kind = kind;
    field.setAttribute("aria-invalid", String(kind === "error"));
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return; // a second Enter while the first is on its way would post the text twice
    sending = true;
    const sent = field.value;
    const problem = await post(fetch, url, sent);
    sending = false;
    if (problem !== "") return say(problem, "error");
    if (field.value === sent) field.value = ""; // unless the next text has been begun meanwhile
    say(text.broadcast.sent, "ok");
  });

  field.addEventListener("input", () => say(text.broadcast.hint, "ok"));
}

/**
 * @param {Fetch} fetch
 * @param {string} url
 * @param {string} body
 * @returns {Promise<string>} what went wrong, in a sentence; empty when nothing did
 */
async function post(fetch, url, body) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "text/plain;charset=UTF-8" },
      body,
      signal: AbortSignal.timeout(15_000),
    });
    if (response.ok) return "";
    if (response.status === 413) return text.broadcast.tooLarge;
    if (response.status === 400) return text.broadcast.unreadable;
    return text.broadcast.refused(response.status);
  } catch {
    return text.broadcast.unreachable;
  }
}
