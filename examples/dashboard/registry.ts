/** Numbers the clients, and tells the log and the page's table who is connected, who left, and why. */

import type { Broadcaster, CloseInfo } from "tidings";

/** A row of the page's table. */
export interface Row {
  readonly id: number;
  readonly kind: "reader" | "staller";
  /** When it connected, in milliseconds since 1970. */
  readonly since: number;
  /** What is in the history for it: nothing, unless it lags. */
  readonly waiting: { readonly events: number; readonly bytes: number };
  /** Why it is gone, if it is. */
  readonly left?: string;
}

/** The table shows no more; the figures tell of all. */
const MOST_ROWS = 20;
/** Who left is shown for a while, in milliseconds. */
const REMEMBERED = 30_000;

const NOTHING = { events: 0, bytes: 0 };

export class Registry {
  /** Those who came; whoever is gone is forgotten with its request. */
  readonly #rows = new WeakMap<Request, Row>();
  #evicted: { row: Row; at: number }[] = [];
  #lastId = 0;

  /** Gives a client that has been let in its number. */
  enter(request: Request, kind: Row["kind"], connected: number): number {
    const id = ++this.#lastId;
    this.#rows.set(request, { id, kind, since: Date.now(), waiting: NOTHING });
    console.log(`dashboard: #${id} connected, ${connected} in all`);
    return id;
  }

  left({ reason, waiting = NOTHING }: CloseInfo, request: Request, connected: number): void {
    const row = this.#rows.get(request);
    if (row === undefined) return;
    const lost = reason === "lagging"
      ? `, with ${waiting.events} events (${waiting.bytes} bytes) waiting`
      : "";
    console.log(`dashboard: #${row.id} left (${reason}${lost}), ${connected} in all`);
    if (reason === "lagging") this.#evicted.push({ row: { ...row, waiting, left: reason }, at: Date.now() });
  }

  /** Those who are here, the stalling ones first, and those who were cut off lately. */
  rows(feed: Broadcaster): Row[] {
    this.#evicted = this.#evicted.filter(({ at }) => at > Date.now() - REMEMBERED);
    const here = feed.clients().flatMap(({ request, waiting }) => {
      const row = this.#rows.get(request);
      return row === undefined ? [] : [{ ...row, waiting }];
    });
    const stalling = here.filter(({ kind }) => kind === "staller");
    const reading = here.filter(({ kind }) => kind === "reader");
    return [...this.#evicted.map(({ row }) => row), ...stalling, ...reading].slice(0, MOST_ROWS);
  }
}
