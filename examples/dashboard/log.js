// Shows the messages: newest at the bottom, bounded, and following the newest unless the reader has scrolled up.
import { createRow } from "./row.js";
import { text } from "./text.js";

/** How near the bottom, in pixels, still counts as reading the newest: zoom makes scroll positions fractional. */
const NEAR = 24;

/** Keys that scroll up. */
const UP = ["ArrowUp", "PageUp", "Home"];

/** Rows that arrive within this time, in milliseconds, enter the page together: a burst costs one layout. */
const GATHER = 16;

/**
 * @typedef {object} LogElements
 * @property {HTMLElement} scroller what scrolls
 * @property {HTMLElement} list the rows' parent
 * @property {HTMLElement} trimmed says that older rows were removed
 * @property {HTMLElement} empty says that there is nothing yet
 * @property {HTMLElement} jump the "jump to newest" button
 */

export class MessageLog {
  #elements;
  #limit;
  /** @type {import("./row.js").Row[]} */
  #pending = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #following = true;
  /** The layout that the place was last set for. */
  #layout = "";
  #top = 0;
  #unread = 0;
  #removed = 0;

  /** @param {LogElements} elements @param {{ limit?: number }} [options] */
  constructor(elements, { limit = 500 } = {}) {
    this.#elements = elements;
    this.#limit = limit;
    const { scroller, jump } = elements;
    scroller.addEventListener("scroll", () => this.#scrolled());
    // Scrolling is smooth, and so begins slowly: without these, rows that keep coming would pull the reader back down.
    scroller.addEventListener("wheel", ({ deltaY }) => deltaY < 0 && this.#leave(), { passive: true });
    scroller.addEventListener("keydown", ({ key }) => UP.includes(key) && this.#leave());
    jump.addEventListener("click", () => {
      this.#follow();
      scroller.focus(); // the button is about to vanish, and the keyboard's place must not vanish with it
    });
    // A turned phone or an opened on-screen keyboard moves the bottom away, mostly without a scroll event.
    const view = scroller.ownerDocument.defaultView;
    if (view) new view.ResizeObserver(() => this.#following && this.#toBottom()).observe(scroller);
  }

  /** @param {import("./row.js").Row} row */
  add(row) {
    this.#pending.push(row);
    // A hidden tab's timers are slowed down; what waits for them is bounded like the list itself.
    if (this.#pending.length > this.#limit) {
      this.#pending.shift();
      this.#removed++;
      this.#unread += this.#following ? 0 : 1;
    }
    // A timer and not an animation frame: a tab that is hidden gets no frames, and its list must still grow.
    this.#timer ??= setTimeout(() => this.flush(), GATHER);
  }

  /** Shows what was added. Runs by itself soon after {@linkcode add}. */
  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#scrolled(); // the event of a scroll comes after the scroll, and rows may come between
    const { list } = this.#elements;
    const rows = this.#pending.splice(0);
    list.append(...rows.map((row) => createRow(list.ownerDocument, row)));
    while (list.childElementCount > this.#limit) {
      list.firstElementChild?.remove();
      this.#removed++;
    }
    if (!this.#following) this.#unread += rows.length;
    this.#render();
    if (this.#following) this.#toBottom();
  }

  clear() {
    this.#pending.length = 0;
    this.#removed = 0;
    this.#elements.list.replaceChildren();
    this.#follow();
  }

  #follow() {
    this.#following = true;
    this.#unread = 0;
    this.#render();
    this.#toBottom();
  }

  #leave() {
    if (this.#elements.scroller.scrollTop === 0) return; // there is nothing above
    this.#following = false;
    this.#render();
  }

  #scrolled() {
    // A browser that lays out anew may move the place by itself; only a reader moves it within the same layout.
    if (this.#following && this.#layout !== this.#measure()) return this.#toBottom();
    const { scrollHeight, scrollTop, clientHeight } = this.#elements.scroller;
    if (scrollTop < this.#top - 1) this.#following = false;
    else if (scrollTop > this.#top + 1) this.#following = scrollHeight - scrollTop - clientHeight <= NEAR;
    this.#top = scrollTop;
    if (this.#following) this.#unread = 0;
    this.#render();
  }

  #toBottom() {
    const { scroller } = this.#elements;
    scroller.scrollTop = scroller.scrollHeight;
    this.#top = scroller.scrollTop;
    this.#layout = this.#measure();
  }

  #measure() {
    const { scrollHeight, clientHeight, clientWidth } = this.#elements.scroller;
    return `${scrollHeight} in ${clientWidth}×${clientHeight}`;
  }

  #render() {
    const { list, trimmed, empty, jump } = this.#elements;
    empty.hidden = list.childElementCount > 0;
    trimmed.hidden = this.#removed === 0;
    trimmed.textContent = text.trimmed(this.#limit, this.#removed);
    jump.hidden = this.#following;
    jump.textContent = this.#unread === 0 ? text.jump : text.jumpUnread(this.#unread);
  }
}
