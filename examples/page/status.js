// Shows a stream's state in a badge, and says in the sentence beside it what that means: it counts down to the next try.
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
   * Shows a state. `onstate` of a stream can call it as it is. A tab that shares another's connection is not told how long
   * that one waits, so there is nothing to count.
   *
   * @param {StreamState} state
   * @param {{ delay?: number }} [detail] with the milliseconds until the next try
   */
  show(state, { delay } = {}) {
    this.#say(state, state === "waiting" ? common.detail.retry : common.detail[state]);
    const detail = this.#detail;
    if (!detail || state !== "waiting" || delay === undefined) return;
    const retryAt = Date.now() + delay;
    const count = () => {
      const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000));
      detail.textContent = common.detail.retryIn(seconds);
    };
    count();
    this.#tick = setInterval(count, 250);
  }

  /** Shows that the connection is well, and yet nothing can arrive. @param {string} why in a sentence */
  showStuck(why) {
    this.#say("stuck", why);
  }

  /** @param {StreamState | "stuck"} state @param {string} sentence */
  #say(state, sentence) {
    clearInterval(this.#tick);
    this.#badge.dataset.state = state;
    this.#badge.textContent = common.state[state];
    if (this.#detail) this.#detail.textContent = sentence;
  }
}
