// Makes a `fetch` whose connections can be cut, as by a tunnel: what was on its way is lost, and for a while all waits.

export class Network {
  /** @type {Set<AbortController>} */
  #connections = new Set();
  #downUntil = 0;

  /**
   * @param {string} url @param {RequestInit} init
   * @returns {Promise<Response>}
   */
  fetch = async (url, { signal, ...init }) => {
    const connection = new AbortController();
    signal?.addEventListener("abort", () => connection.abort(signal.reason));
    const wait = this.#downUntil - Date.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    signal?.throwIfAborted();
    this.#connections.add(connection);
    return fetch(url, { ...init, signal: connection.signal });
  };

  /** @param {number} milliseconds for which it is down */
  cut(milliseconds) {
    this.#downUntil = Date.now() + milliseconds;
    for (const connection of this.#connections) connection.abort(new TypeError("The connection was cut"));
    this.#connections.clear();
  }
}
