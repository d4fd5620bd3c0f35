// One stream that does not give up. Native EventSource reconnects by itself after a broken connection, but stops for
// good (readyState CLOSED) after any answer that is not a 200 event stream, such as a proxy's 502 during a deploy, and
// in Firefox after a refused cross-origin connection. From there on, this module takes over.
import { backoffDelay } from "./backoff.js";

/** @typedef {"connecting" | "live" | "waiting" | "closed"} ConnectionState */

/**
 * @typedef {object} ConnectionStatus
 * @property {ConnectionState} state
 * @property {number | null} retryAt when the next try starts (epoch milliseconds); null while nobody can say
 */

/** @typedef {{ name: string, data: string, lastEventId: string }} StreamEvent */

/**
 * @typedef {object} ConnectionOptions
 * @property {string[]} events names of the events to pass on
 * @property {(status: ConnectionStatus) => void} onStatus
 * @property {(event: StreamEvent) => void} onEvent
 * @property {(url: string) => EventSource} [open]
 * @property {() => number} [random]
 */

/** `EventSource.CLOSED`; as a number, so that the module loads where there is no EventSource. */
const CLOSED = 2;

export class Connection {
  #url;
  #options;
  /** @type {EventSource | null} */
  #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #attempt = 0;
  #lastEventId = "";
  /** @type {ConnectionStatus} */
  #status = { state: "closed", retryAt: null };

  /** @param {string} url @param {ConnectionOptions} options */
  constructor(url, options) {
    this.#url = url;
    this.#options = options;
  }

  get state() {
    return this.#status.state;
  }

  /** Connects; while waiting, tries at once. Does nothing when already connecting or live. */
  connect() {
    if (this.state === "connecting" || this.state === "live") return;
    if (this.state === "closed") this.#attempt = 0;
    this.#open();
  }

  disconnect() {
    this.#release();
    this.#enter("closed");
  }

  #open() {
    this.#release();
    const { open = (url) => new EventSource(url), events, onEvent } = this.#options;
    const source = open(this.#address());
    this.#source = source;
    source.addEventListener("open", () => {
      if (source !== this.#source) return;
      this.#attempt = 0;
      this.#enter("live");
    });
    source.addEventListener("error", () => {
      if (source !== this.#source) return;
      if (source.readyState === CLOSED) this.#retryLater();
      else this.#enter("waiting"); // it reconnects by itself, after a delay that it tells nobody
    });
    for (const name of events) {
      source.addEventListener(name, (/** @type {MessageEvent<string>} */ { data, lastEventId }) => {
        if (source !== this.#source) return;
        // A new EventSource starts without an id; an event without one must not wipe the place that is known.
        if (lastEventId !== "") this.#lastEventId = lastEventId;
        onEvent({ name, data, lastEventId });
      });
    }
    this.#enter("connecting");
  }

  /** A new EventSource cannot be given a Last-Event-ID header, so the place travels in the address. */
  #address() {
    if (this.#lastEventId === "") return this.#url;
    const separator = this.#url.includes("?") ? "&" : "?";
    return `${this.#url}${separator}lastEventId=${encodeURIComponent(this.#lastEventId)}`;
  }

  #retryLater() {
    this.#release();
    const { random = Math.random } = this.#options;
    const delay = backoffDelay(this.#attempt++, { random });
    this.#timer = setTimeout(() => this.#open(), delay);
    this.#enter("waiting", Date.now() + delay);
  }

  #release() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  /** @param {ConnectionState} state @param {number | null} [retryAt] */
  #enter(state, retryAt = null) {
    this.#status = { state, retryAt };
    this.#options.onStatus(this.#status);
  }
}
