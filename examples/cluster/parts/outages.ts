/** Remembers which process was away when, and how that came about. */

/** How a process went: killed or restarted by a visitor, or it died by itself. */
export type Going = "killed" | "restarted" | "died";

export interface Outage {
  /** Counts up, so that a page knows it again. */
  readonly number: number;
  readonly name: string;
  readonly how: Going;
  /** When it went, and when it was back, in milliseconds since 1970; without `back` it is still away. */
  readonly at: number;
  readonly back?: number;
}

/** How many are remembered. */
const MOST = 20;

export class Outages {
  #list: Outage[] = [];
  #last = 0;

  down(name: string, how: Going): void {
    this.#list = [...this.#list, { number: ++this.#last, name, how, at: Date.now() }].slice(-MOST);
  }

  up(name: string): void {
    this.#list = this.#list.map((outage) =>
      outage.name === name && outage.back === undefined ? { ...outage, back: Date.now() } : outage
    );
  }

  /** The oldest first. */
  get list(): readonly Outage[] {
    return this.#list;
  }
}
