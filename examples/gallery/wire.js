// Shows what went over the wire, line by line and newest last, and reads a response along without changing it.
import { make } from "../page/element.js";

/** Lines that are kept; what is in sight are fewer. */
const MOST = 60;

/** @typedef {"received" | "sent" | "note"} Kind received from the server, sent to it, or said by the page */

export class Wire {
  #element;
  #rest = "";

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  /** @param {Kind} kind @param {string} text */
  add(kind, text) {
    const lines = (kind === "received" ? this.#rest + text : text).split("\n");
    this.#rest = kind === "received" ? lines.pop() ?? "" : "";
    const document = this.#element.ownerDocument;
    // An empty line ends an event: it is as high as the others.
    this.#element.append(...lines.map((line) => {
      const [, name = "", rest = line] = kind === "received" ? /^(\w+: ?)(.*)$/.exec(line) ?? [] : [];
      const field = name === "" ? [] : [make(document, "b", {}, name)];
      return make(document, "span", { dataset: { kind } }, ...field, rest || "\u00a0");
    }));
    while (this.#element.childElementCount > MOST) this.#element.firstElementChild?.remove();
  }
}

/**
 * A `fetch` that tells what is asked for and what comes.
 *
 * @param {(url: string, init: RequestInit) => Promise<Response>} fetch
 * @param {(kind: Kind, text: string) => void} tell
 */
export function tapped(fetch, tell) {
  return async (/** @type {string} */ url, /** @type {RequestInit} */ init) => {
    const response = await fetch(url, init);
    if (!response.body || !response.ok) return response;
    const id = new Headers(init.headers).get("last-event-id");
    tell("sent", `GET ${new URL(url).pathname}${id ? `\nLast-Event-ID: ${id}` : ""}`);
    const decoder = new TextDecoder();
    const along = new TransformStream({
      transform(chunk, controller) {
        tell("received", decoder.decode(chunk, { stream: true }));
        controller.enqueue(chunk);
      },
    });
    return new Response(response.body.pipeThrough(along), response);
  };
}
