/**
 * Reads a log in SQLite.
 *
 * @module
 */

import { type BackplaneEntry, type BackplaneReader, LONGEST_WAIT } from "../cluster/backplane.ts";
import type { Clock } from "../base/clock.ts";
import { unavailable } from "./errors.ts";
import { compareIds, formatId, parseId } from "./ids.ts";
import { fromStored, type Stored } from "./text.ts";
import type { Link } from "./link.ts";
import type { Watcher } from "./watcher.ts";

interface Row {
  readonly id: number | bigint;
  readonly message: string;
  readonly payload: Stored | null;
}

// Less than the longest wait, so that a busy process is still in time.
const WAIT = LONGEST_WAIT - 200;

export interface ReaderOptions {
  readonly link: Link;
  readonly watcher: Watcher;
  readonly clock: Clock;
  readonly table: string;
  /** Appends an entry that is no message, to a log that is empty. */
  readonly mark: () => Promise<void>;
  readonly onClose: () => void;
}

export class SqliteReader implements BackplaneReader {
  readonly #options: ReaderOptions;
  readonly #waits = new Set<(error: unknown) => void>();
  #isClosed = false;
  /** The last entry of all, as was read last, and how many commits had been noticed before that. */
  #end: { readonly id: string; readonly commits: number } | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  async range(from: string, limit: number): Promise<readonly BackplaneEntry[]> {
    for (;;) {
      const { commits } = this.#options.watcher;
      const entries = await this.#ask(() => this.#range(from, limit));
      this.#end = entries.length === 0 || entries.length >= limit
        ? undefined
        : { id: entries.at(-1)!.id, commits };
      if (entries.length > 0) return entries;
      await this.#mark();
    }
  }

  async before(to: string | undefined, limit: number): Promise<readonly BackplaneEntry[]> {
    for (;;) {
      const entries = await this.#ask(() => this.#before(to, limit));
      if (entries.length > 0 || to !== undefined) return entries;
      await this.#mark();
    }
  }

  wait(after: string): Promise<void> {
    const { watcher, clock } = this.#options;
    return new Promise((resolve, reject) => {
      let stop = () => {};
      let isOver = false;
      const end = (settle: () => void) => {
        isOver = true;
        stop();
        clock.clearTimeout(timer);
        this.#waits.delete(lost);
        settle();
      };
      const lost = (error: unknown) => end(() => reject(error));
      const timer = clock.setTimeout(() => end(resolve), WAIT);
      this.#waits.add(lost);
      const look = () => {
        this.#ask(() => this.#newest()).then((newest) => newest !== after && end(resolve), lost);
      };
      if (this.#isClosed) return lost(unavailable(this.#options.link.name, "the reader was closed"));
      // Whether something may follow. What is told at once may be what was read already.
      let isOpen = this.#end?.id !== after || this.#end.commits !== watcher.commits;
      let isListening = false;
      stop = watcher.listen({ changed: () => isListening ? end(resolve) : isOpen = true, lost });
      isListening = true;
      if (isOver) return stop();
      if (isOpen) look();
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const lost of [...this.#waits]) lost(unavailable(this.#options.link.name, "the reader was closed"));
    this.#options.onClose();
  }

  #ask<T>(work: () => T): Promise<T> {
    const { link } = this.#options;
    if (this.#isClosed) return Promise.reject(unavailable(link.name, "the reader was closed"));
    return link.ask(work);
  }

  async #mark(): Promise<void> {
    await this.#options.mark();
  }

  /** The entries from a place on, the first of them as the contract says; none if the log is empty. */
  #range(from: string, limit: number): BackplaneEntry[] {
    const { link, table } = this.#options;
    const number = parseId(from)?.number ?? 0;
    let rows = this.#rowsFrom(number, limit);
    const [first] = rows;
    if (first === undefined) return [];
    // Another message has the number, which counts as newer than the one that is asked for: the one before is wanted.
    if (Number(first.id) === number && compareIds(idOf(first), from) > 0) {
      const before = this.#rowsFrom(number - 1, limit);
      if (Number(before[0]?.id) < number) rows = before;
    }
    if (Number(first.id) !== number + 1) return rows.map(toEntry);
    // The row is gone, and the next one is the oldest: it may have been trimmed only after it was read.
    return link.snapshot(() => {
      const again = this.#rowsFrom(number, limit).map(toEntry);
      const trimmed = link.get<Row>(`SELECT id, message, NULL AS payload FROM ${table}_trimmed`);
      const isProven = trimmed !== undefined && idOf(trimmed) === from &&
        parseId(again[0]?.id ?? "")?.number === number + 1;
      if (!isProven) return again;
      return [{ id: from, messageId: trimmed.message, payload: undefined }, ...again.slice(0, limit - 1)];
    });
  }

  /** Rows from the newest that is not after a number, or from the oldest of all. */
  #rowsFrom(number: number, limit: number): Row[] {
    const { link, table } = this.#options;
    return link.all<Row>(
      `SELECT id, message, payload FROM ${table} WHERE id >= ` +
        `coalesce((SELECT max(id) FROM ${table} WHERE id <= ?), 0) ORDER BY id LIMIT ?`,
      number,
      limit,
    );
  }

  #before(to: string | undefined, limit: number): BackplaneEntry[] {
    const { link, table } = this.#options;
    const number = to === undefined ? Number.MAX_SAFE_INTEGER : parseId(to)?.number ?? 0;
    const rows = link.all<Row>(
      `SELECT id, message, payload FROM ${table} WHERE id <= ? ORDER BY id DESC LIMIT ?`,
      number,
      limit + 1,
    );
    const entries = rows.map(toEntry).filter(({ id }) => to === undefined || compareIds(id, to) <= 0);
    return entries.slice(0, limit).reverse();
  }

  /** The id of the newest entry. */
  #newest(): string | undefined {
    const { link, table } = this.#options;
    const row = link.get<Row>(`SELECT id, message, NULL AS payload FROM ${table} ORDER BY id DESC LIMIT 1`);
    return row && idOf(row);
  }
}

function idOf({ id, message }: Row): string {
  return formatId(Number(id), message);
}

function toEntry(row: Row): BackplaneEntry {
  return {
    id: idOf(row),
    messageId: row.message,
    payload: row.payload === null ? undefined : fromStored(row.payload),
  };
}
