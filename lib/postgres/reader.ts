/**
 * Reads a log in Postgres, by number.
 *
 * @module
 */

import { type BackplaneEntry, type BackplaneReader, LONGEST_WAIT } from "../cluster/backplane.ts";
import type { PostgresConnection, PostgresRow } from "./connection.ts";
import { compareIds, partsOf } from "./ids.ts";
import { fromStored } from "./text.ts";
import type { Wake } from "./wakes.ts";

// How long one wait takes at most, in milliseconds.
const WAIT = LONGEST_WAIT - 200;

/** Of what a reader is made. */
export interface ReaderParts {
  /** Makes a client's error into one that people understand. */
  readonly explain: (error: unknown) => Error;
  /** The name of the table, which needs no quotes. */
  readonly log: string;
  readonly connection: PostgresConnection;
  readonly wake: Wake;
  /** Told how many entries were read. */
  readonly onRead: (count: number) => void;
}

export class PostgresReader implements BackplaneReader {
  readonly #parts: ReaderParts;
  #isClosed = false;
  /** The last entry that was read, or nothing if it is not known that there was none after it. */
  #last: string | undefined;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  async range(from: string, limit: number): Promise<readonly BackplaneEntry[]> {
    const [number] = partsOf(from);
    for (;;) {
      const entries = await this.#from(number, limit);
      const [first] = entries;
      // Under its number there may be an older entry, which is then the newest before it.
      if (first !== undefined && compareIds(first.id, from) <= 0) return entries;
      // Asked second: what was appended meanwhile is read the next time, and what was trimmed meanwhile is not first.
      const [last] = await this.#back(number, "<", 1);
      if (last !== undefined) return this.#read([last, ...entries.slice(0, limit - 1)]);
      if (first !== undefined) return entries;
      // The log is empty, or was a moment ago.
      await this.#mark();
      const oldest = await this.#from("0", limit);
      if (oldest.length > 0) return oldest;
    }
  }

  async before(to: string | undefined, limit: number): Promise<readonly BackplaneEntry[]> {
    for (;;) {
      const entries = await this.#back(to === undefined ? undefined : partsOf(to)[0], "<=", limit);
      if (entries.length === 0 && to === undefined) {
        await this.#mark();
        continue;
      }
      if (to !== undefined && entries.length > 0 && compareIds(entries[0]!.id, to) > 0) entries.shift();
      return entries.reverse();
    }
  }

  async wait(after: string): Promise<void> {
    const isKnown = this.#last === after;
    this.#last = undefined;
    if (!isKnown && await this.isThere(after)) return;
    await this.#parts.wake.wait(after, WAIT);
    if (this.#isClosed) await new Promise(() => {});
  }

  /** Whether there is an entry after one. */
  async isThere(after: string): Promise<boolean> {
    const { log } = this.#parts;
    const rows = await this.#query(`SELECT FROM tidings.${log} WHERE n > $1::text::bigint LIMIT 1`, [
      partsOf(after)[0],
    ]);
    return rows.length > 0;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#parts.wake.end();
    try {
      this.#parts.connection.close();
    } catch {
      // It was closed already.
    }
  }

  async #from(number: string, limit: number): Promise<BackplaneEntry[]> {
    const { log } = this.#parts;
    const rows = await this.#query(
      `SELECT l.n || '-' || l.at AS id, l.message_id, l.payload FROM tidings.${log} l ` +
        "WHERE l.n >= $1::text::bigint ORDER BY l.n LIMIT $2::text::int",
      [number, `${limit}`],
    );
    this.#parts.onRead(rows.length);
    return this.#read(rows.map(toEntry));
  }

  /** The newest entries up to a number, or of all; newest first. */
  async #back(number: string | undefined, order: "<" | "<=", limit: number): Promise<BackplaneEntry[]> {
    const { log } = this.#parts;
    const rows = await this.#query(
      `SELECT l.n || '-' || l.at AS id, l.message_id, l.payload FROM tidings.${log} l ` +
        (number === undefined ? "" : `WHERE l.n ${order} $2::text::bigint `) +
        "ORDER BY l.n DESC LIMIT $1::text::int",
      number === undefined ? [`${limit}`] : [`${limit}`, number],
    );
    return rows.map(toEntry);
  }

  #read<T extends readonly BackplaneEntry[]>(entries: T): T {
    this.#last = entries.at(-1)?.id;
    return entries;
  }

  /** Gives an empty log an entry that is no message, so that there is a place at which to stand. */
  async #mark(): Promise<void> {
    await this.#query("SELECT tidings.append($1::text, ARRAY[NULL]::text[], ARRAY[NULL]::text[])", [
      this.#parts.log,
    ]);
  }

  async #query(text: string, values: readonly string[]): Promise<readonly PostgresRow[]> {
    try {
      return await this.#parts.connection.query(text, values);
    } catch (error) {
      throw this.#parts.explain(error);
    }
  }
}

function toEntry({ id, message_id, payload }: PostgresRow): BackplaneEntry {
  return { id: String(id), messageId: restored(message_id), payload: restored(payload) };
}

function restored(value: unknown): string | undefined {
  return value === null || value === undefined ? undefined : fromStored(String(value));
}
