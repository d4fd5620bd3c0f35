// The server's own numbers, asked for gently: one request at a time, and none while nobody looks.
import { text } from "./text.js";

/** @typedef {import("./broadcast.js").Fetch} Fetch */

export class Stats {
  #url;
  #elements;
  #fetch;
  #interval;
  /** The polling that goes on; its signal ends it. */
  #polling = new AbortController();
  #active = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {string} url
   * @param {Iterable<HTMLElement>} elements each shows the number that its `data-stat` names
   * @param {object} [options]
   * @param {Fetch} [options.fetch]
   * @param {number} [options.interval] milliseconds from one answer to the next question
   */
  constructor(url, elements, { fetch = globalThis.fetch.bind(globalThis), interval = 2000 } = {}) {
    this.#url = url;
    this.#elements = [...elements];
    this.#fetch = fetch;
    this.#interval = interval;
  }

  /** @param {boolean} active whether anyone is looking, and the server is there to be asked */
  setActive(active) {
    if (active === this.#active) return;
    this.#active = active;
    clearTimeout(this.#timer);
    this.#polling.abort();
    if (active) this.#poll(this.#polling = new AbortController());
  }

  /** Forgets the numbers: they are those of a server that is out of sight. */
  reset() {
    this.#show({});
  }

  /** @param {AbortController} polling */
  async #poll({ signal }) {
    /** @type {Record<string, unknown>} */
    let numbers = {}; // after a failure too: the badge tells of trouble, the numbers need not say it again
    try {
      const response = await this.#fetch(this.#url, { signal, cache: "no-store" });
      if (response.ok) numbers = await response.json();
    } catch { /* see above */ }
    if (signal.aborted) return;
    this.#show(numbers);
    this.#timer = setTimeout(() => this.#poll(this.#polling), this.#interval);
  }

  /** @param {Record<string, unknown>} numbers */
  #show(numbers) {
    for (const element of this.#elements) {
      const name = element.dataset.stat ?? "";
      const value = numbers[name];
      element.textContent = typeof value !== "number"
        ? text.unknown
        : name === "bytes"
        ? formatBytes(value)
        : value.toLocaleString();
    }
  }
}

/** @param {number} bytes */
export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${unit === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)} ${units[unit]}`;
}
