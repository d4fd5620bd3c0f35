/**
 * Keeps the log within its bounds: by count, by age and by bytes, some rows at a time, with the commits that go on anyway.
 *
 * What was trimmed last is remembered in a table of one row: a reader that stands there can prove that it missed nothing.
 *
 * @module
 */

import { Ledger } from "./ledger.ts";
import type { Link } from "./link.ts";

/** How much is kept. */
export interface Bounds {
  readonly maxEvents: number;
  readonly maxAge: number;
  readonly maxBytes: number;
}

// Rows that one transaction looks at and deletes at most, so that it does not hold the event loop.
const CHUNK = 1_000;
// Rows that may be too many before it is worth while.
const SLACK = 100;
// How often entries are trimmed by age at most, in milliseconds, and within which part of their age.
const OFTEN = 10_000;
const PART = 20;

export class Trimming {
  readonly #link: Link;
  readonly #table: string;
  readonly #bounds: Bounds;
  readonly #slack: number;
  readonly #ledger: Ledger | undefined;
  #agedAt = -Infinity;

  constructor(link: Link, table: string, bounds: Bounds) {
    this.#link = link;
    this.#table = table;
    this.#bounds = bounds;
    this.#slack = Math.min(SLACK, Math.floor(bounds.maxEvents / 10));
    this.#ledger = bounds.maxBytes === Infinity ? undefined : new Ledger(link, table, bounds.maxBytes);
  }

  /** Trims some, within a transaction that writes. Says whether there is more to do. */
  tidy(now: number): boolean {
    const { maxEvents } = this.#bounds;
    const ends = this.#link.get<{ oldest: number | null; newest: number | null }>(
      `SELECT (SELECT min(id) FROM ${this.#table}) AS oldest, (SELECT max(id) FROM ${this.#table}) AS newest`,
    )!;
    if (ends.oldest === null || ends.newest === null) return false;
    const [oldest, newest] = [Number(ends.oldest), Number(ends.newest)];
    const isOver = newest - oldest + 1 > maxEvents + this.#slack;
    const counted = this.#ledger?.count(oldest, CHUNK);
    const aged = this.#aged(now);
    const wanted = Math.max(isOver ? newest - maxEvents : -Infinity, counted?.floor ?? -Infinity, aged.floor);
    // The newest stays: it is where readers stand.
    const floor = Math.min(wanted, newest - 1, oldest + CHUNK - 1);
    if (floor >= oldest) this.#delete(floor);
    return Math.min(wanted, newest - 1) > floor || counted?.hasMore === true || aged.hasMore;
  }

  /** The newest of the oldest rows that are too old. */
  #aged(now: number): { floor: number; hasMore: boolean } {
    const { maxAge } = this.#bounds;
    if (maxAge === Infinity || Math.abs(now - this.#agedAt) < Math.min(OFTEN, maxAge / PART)) {
      return { floor: -Infinity, hasMore: false };
    }
    const row = this.#link.get<{ id: number | null; many: number }>(
      `SELECT max(id) AS id, count(*) AS many FROM (SELECT id, at FROM ${this.#table} ORDER BY id LIMIT ${CHUNK}) WHERE at < ?`,
      now - maxAge,
    )!;
    const hasMore = Number(row.many) === CHUNK;
    if (!hasMore) this.#agedAt = now;
    return { floor: row.id === null ? -Infinity : Number(row.id), hasMore };
  }

  #delete(floor: number): void {
    const table = this.#table;
    this.#link.change(
      `INSERT OR REPLACE INTO ${table}_trimmed (one, id, message) SELECT 1, id, message FROM ${table} WHERE id <= ? ORDER BY id DESC LIMIT 1`,
      floor,
    );
    this.#link.change(`DELETE FROM ${table} WHERE id <= ?`, floor);
  }
}
