// Knows the number of this page's client. Tabs share a connection, and only the one that holds it sees the response which says so.

const KEY = "dashboard client";

export class OwnNumber {
  #told = "";

  /** @param {Response | undefined} response of the connection, in the tab that holds it */
  learn(response) {
    this.#told = response?.headers.get("x-client-id") ?? "";
    try {
      if (this.#told !== "") localStorage.setItem(KEY, this.#told);
    } catch { /* storage is turned off: the other tabs do not know which client they are */ }
  }

  /** NaN if it is not known. */
  get number() {
    if (this.#told !== "") return Number(this.#told);
    try {
      return Number(localStorage.getItem(KEY) ?? NaN);
    } catch {
      return NaN;
    }
  }
}
