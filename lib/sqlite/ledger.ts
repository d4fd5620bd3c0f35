/**
 * Knows how many bytes the rows of a log take, by counting each of them once, some at a time.
 *
 * @module
 */

import type { Link } from "./link.ts";

// What SQLite adds to a row, with its time and its message id, in bytes.
const OVERHEAD = 60;
// Rows are counted together until they come to this part of what is kept.
const PART = 64;

/** Rows that are forgotten together. */
interface Stretch {
  /** The number of the last of them. */
  to: number;
  bytes: number;
}

export class Ledger {
  readonly #link: Link;
  readonly #table: string;
  readonly #maxBytes: number;
  #stretches: Stretch[] = [];
  #total = 0;
  #counted = 0;

  constructor(link: Link, table: string, maxBytes: number) {
    this.#link = link;
    this.#table = table;
    this.#maxBytes = maxBytes;
  }

  /**
   * Counts rows that are new, at most `most`, and says up to which row there are too many bytes, and whether there are more
   * rows to count.
   */
  count(oldest: number, most: number): { floor: number; hasMore: boolean } {
    const row = this.#link.get<{ last: number | null; many: number; bytes: number | null }>(
      `SELECT max(id) AS last, count(*) AS many, sum(length(CAST(payload AS BLOB))) AS bytes ` +
        `FROM (SELECT id, payload FROM ${this.#table} WHERE id > ? ORDER BY id LIMIT ${most})`,
      Math.max(this.#counted, oldest - 1),
    )!;
    const many = Number(row.many);
    if (row.last !== null) this.#add(Number(row.last), Number(row.bytes ?? 0) + many * OVERHEAD);
    let gone = 0;
    while (gone < this.#stretches.length && this.#stretches[gone]!.to < oldest) {
      this.#total -= this.#stretches[gone++]!.bytes;
    }
    this.#stretches.splice(0, gone);
    let floor = -Infinity;
    let total = this.#total;
    for (const { to, bytes } of this.#stretches) {
      if (total <= this.#maxBytes) break;
      total -= bytes;
      floor = to;
    }
    return { floor, hasMore: many === most };
  }

  #add(to: number, bytes: number): void {
    this.#counted = to;
    this.#total += bytes;
    const last = this.#stretches.at(-1);
    if (last !== undefined && last.bytes + bytes <= this.#maxBytes / PART) {
      last.to = to;
      last.bytes += bytes;
    } else {
      this.#stretches.push({ to, bytes });
    }
  }
}
