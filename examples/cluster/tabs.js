// Lets the tabs of this browser tell each other which node each is on, and what it counted.

/**
 * Tabs of one lane share a connection, which one of them holds.
 *
 * @typedef {{ id: string, lane: number, holds: boolean, node: string, last: number, lost: number, doubled: number, gaps: number }} TabFigures
 */

// Milliseconds after which a tab that says nothing is taken for closed. A tab behind others speaks once a second at most.
const SILENCE = 4_000;

export class Tabs {
  /** @type {Map<string, TabFigures & { heard: number }>} */
  #others = new Map();
  #channel = new BroadcastChannel("tidings-cluster");
  /** @type {Omit<TabFigures, "id"> | undefined} */
  #told;
  id = Math.random().toString(36).slice(2, 6);

  constructor() {
    this.#channel.onmessage = ({ data }) => {
      if (data.hello) this.#say();
      else if (data.bye) this.#others.delete(data.bye);
      else this.#others.set(data.id, { ...data, heard: Date.now() });
    };
    // The others say at once what they last said.
    this.#channel.postMessage({ hello: true });
    addEventListener("pagehide", () => this.#channel.postMessage({ bye: this.id }));
  }

  /** @param {Omit<TabFigures, "id">} figures this tab's */
  tell(figures) {
    this.#told = figures;
    this.#say();
  }

  #say() {
    if (this.#told) this.#channel.postMessage({ ...this.#told, id: this.id });
  }

  /** The other tabs, in an order that stays. @returns {TabFigures[]} */
  others() {
    for (const [id, { heard }] of this.#others) {
      if (Date.now() - heard > SILENCE) this.#others.delete(id);
    }
    return [...this.#others.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  }
}
