// The status badge, and the sentence beside it that counts down to the next try.
import { text } from "./text.js";

/** @typedef {import("./connection.js").ConnectionStatus} ConnectionStatus */

export class StatusBadge {
  #badge;
  #detail;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #tick;

  /**
   * The badge is the live region; the detail is not, because a screen reader would read out every second of it.
   *
   * @param {{ badge: HTMLElement, detail: HTMLElement }} elements
   */
  constructor({ badge, detail }) {
    this.#badge = badge;
    this.#detail = detail;
  }

  /** @param {ConnectionStatus} status */
  show({ state, retryAt }) {
    clearInterval(this.#tick);
    this.#badge.dataset.state = state;
    this.#badge.textContent = text.state[state];
    if (retryAt === null) {
      this.#detail.textContent = text.detail[state];
      return;
    }
    const count = () => {
      const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
      this.#detail.textContent = text.detail.retryIn(seconds);
    };
    count();
    this.#tick = setInterval(count, 250);
  }
}
