// Shows a stream's state in a badge, and counts down to the next try in the sentence beside it.
import { common } from "./text.js";

/** @typedef {import("./client.ts").StreamState} StreamState */

export class StatusBadge {
  #badge;
  #detail;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #tick;

  /**
   * The badge is the live region; the detail is not, because a screen reader would read out every second of it.
   *
   * @param {{ badge: HTMLElement, detail?: HTMLElement }} elements
   */
  constructor({ badge, detail }) {
    this.#badge = badge;
    this.#detail = detail;
  }

  /**
   * Shows a state. `onstate` of a stream can call it as it is.
   *
   * @param {StreamState} state
   * @param {{ delay?: number }} [detail] with the milliseconds until the next try
   */
  show(state, { delay } = {}) {
    clearInterval(this.#tick);
    this.#badge.dataset.state = state;
    this.#badge.textContent = common.state[state];
    const detail = this.#detail;
    if (!detail) return;
    if (state !== "waiting") {
      detail.textContent = common.detail[state];
      return;
    }
    const retryAt = Date.now() + (delay ?? 0);
    const count = () => {
      const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
      detail.textContent = common.detail.retryIn(seconds);
    };
    count();
    this.#tick = setInterval(count, 250);
  }
}
