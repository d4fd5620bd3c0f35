/**
 * Changes and reads streams in their tables: each method runs within a transaction of its caller's.
 *
 * Times are the machine's, which all its processes share.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type {
  Appended,
  Ownership,
  StreamBatch,
  StreamEnding,
  StreamHead,
  StreamPage,
  StreamRecord,
} from "../store/store.ts";
import type { Link } from "./link.ts";
import { fromStored, type Stored, toStored } from "./text.ts";

/** A row of the heads. */
export interface HeadRow {
  readonly key: number;
  readonly id: string;
  readonly change: number;
  readonly epoch: string;
  readonly owner: string;
  readonly token: string;
  readonly state: StreamHead["state"];
  readonly reason: Stored | null;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly started: number;
  readonly ended: number | null;
  readonly lease_end: number;
  readonly expires: number;
  readonly claims: number;
}

/** What was appended in one step. */
export interface FramesRow {
  readonly first: number;
  readonly last: number;
  readonly frames: Stored;
}

// The longest time that is stored, in milliseconds: some 30 years, for whoever says Infinity.
const LONGEST = 1e12;
// How many streams overdue() tells of at most.
const MOST_OVERDUE = 500;
// Rows that one sweep deletes at most, and how often it is done, in milliseconds.
const MOST_SWEPT = 500;
const SWEEP = 1_000;

const utf8 = new TextEncoder();

export class Streams {
  readonly #link: Link;
  readonly #table: string;
  readonly #clock: Clock;
  #sweptAt = -Infinity;

  constructor(link: Link, table: string, clock: Clock) {
    this.#link = link;
    this.#table = table;
    this.#clock = clock;
  }

  create(
    id: string,
    { epoch, owner, token, lease, keep }: Ownership & { readonly epoch: string; readonly keep: number },
  ): boolean {
    const now = this.#now();
    const former = this.find(id);
    if (former?.token === token) return true;
    if (former?.state === "running" && former.lease_end > now) return false;
    this.#retire(id);
    const leaseEnd = now + time(lease);
    this.#link.change(
      `INSERT INTO ${this.#table}_heads (id, change, epoch, owner, token, state, first, last, bytes, started, lease_end, ` +
        "expires, claims) VALUES (?, ?, ?, ?, ?, 'running', 1, 0, 0, ?, ?, ?, 0)",
      id,
      this.#nextChange(),
      epoch,
      owner,
      token,
      now,
      leaseEnd,
      leaseEnd + time(keep),
    );
    return true;
  }

  /** @param text The frames as JSON, for the most likely case that none of them is there already. */
  append(id: string, batch: StreamBatch, text: string): Appended {
    const { token, lease, keep, trim } = batch;
    const row = this.find(id);
    if (row === undefined || row.state !== "running" || row.token !== token) {
      return { written: false, head: row && this.headOf(row) };
    }
    const leaseEnd = this.#now() + time(lease);
    const repeated = Math.max(0, row.last + 1 - batch.first);
    const frames = repeated === 0 ? batch.frames : batch.frames.slice(repeated);
    let { last, bytes, change } = row;
    if (frames.length > 0) {
      const first = batch.first + repeated;
      last = first + frames.length - 1;
      for (const frame of frames) bytes += utf8.encode(frame).byteLength;
      change = this.#nextChange();
      this.#link.change(
        `INSERT INTO ${this.#table}_frames (stream, last, first, frames) VALUES (?, ?, ?, ?)`,
        row.key,
        last,
        first,
        toStored(repeated === 0 ? text : JSON.stringify(frames)),
      );
    }
    const first = Math.max(row.first, Math.min(trim, last) + 1);
    if (first > row.first) {
      this.#link.change(`DELETE FROM ${this.#table}_frames WHERE stream = ? AND last < ?`, row.key, first);
    }
    this.#link.change(
      `UPDATE ${this.#table}_heads SET change = ?, first = ?, last = ?, bytes = ?, lease_end = ?, expires = ? WHERE key = ?`,
      change,
      first,
      last,
      bytes,
      leaseEnd,
      leaseEnd + time(keep),
      row.key,
    );
    return { written: true, readers: this.#readers(id) };
  }

  end(id: string, { state, reason, keep, token, overdue = false }: StreamEnding): {
    readonly head: StreamHead | undefined;
    readonly isEnded: boolean;
  } {
    const row = this.find(id);
    if (row === undefined) return { head: undefined, isEnded: false };
    const now = this.#now();
    const isEnded = row.state === "running" && (token === undefined || token === row.token) &&
      (!overdue || row.lease_end <= now);
    if (isEnded) {
      this.#link.change(
        `UPDATE ${this.#table}_heads SET change = ?, state = ?, reason = ?, ended = ?, expires = ? WHERE key = ?`,
        this.#nextChange(),
        state,
        reason === undefined ? null : toStored(reason),
        now,
        now + time(keep),
        row.key,
      );
    }
    const after = this.find(id);
    return { head: after && this.headOf(after), isEnded };
  }

  claim(
    id: string,
    { owner, token, lease, keep }: Ownership & { readonly keep: number },
  ): StreamHead | undefined {
    const row = this.find(id);
    const now = this.#now();
    if (row?.state !== "running" || (row.token !== token && row.lease_end > now)) return undefined;
    const isRepeated = row.token === token;
    const leaseEnd = now + time(lease);
    this.#link.change(
      `UPDATE ${this.#table}_heads SET change = ?, owner = ?, token = ?, lease_end = ?, expires = ?, claims = ? WHERE key = ?`,
      isRepeated ? row.change : this.#nextChange(),
      owner,
      token,
      leaseEnd,
      leaseEnd + time(keep),
      row.claims + (isRepeated ? 0 : 1),
      row.key,
    );
    return this.headOf(this.find(id)!);
  }

  overdue(): string[] {
    const now = this.#now();
    return this.#link.all<{ id: string }>(
      `SELECT id FROM ${this.#table}_heads WHERE state = 'running' AND lease_end <= ? AND expires > ? ` +
        `ORDER BY lease_end LIMIT ${MOST_OVERDUE}`,
      now,
      now,
    ).map(({ id }) => id);
  }

  read(id: string, after: number, bytes: number): StreamPage | undefined {
    const row = this.find(id);
    if (row === undefined) return undefined;
    const records: StreamRecord[] = [];
    const from = Math.max(after + 1, row.first);
    let next = from;
    let size = 0;
    while (next <= row.last && size < bytes) {
      const batches = this.frames(row.key, next, 8);
      if (batches.length === 0) break;
      for (const batch of batches) {
        size += textOf(batch).length;
        for (const record of recordsOf(batch)) if (record.seq >= from) records.push(record);
        next = batch.last + 1;
        if (size >= bytes) break;
      }
    }
    return { head: this.headOf(row), records };
  }

  /** What was appended from a sequence number on, in steps. */
  frames(key: number, from: number, most: number): FramesRow[] {
    return this.#link.all<FramesRow>(
      `SELECT first, last, frames FROM ${this.#table}_frames WHERE stream = ? AND last >= ? ORDER BY last LIMIT ?`,
      key,
      from,
      most,
    );
  }

  /** A stream's row, unless its time is over. */
  find(id: string): HeadRow | undefined {
    const row = this.#link.get<HeadRow>(`SELECT * FROM ${this.#table}_heads WHERE id = ?`, id);
    return row !== undefined && row.expires > this.#now() ? row : undefined;
  }

  headOf(row: HeadRow): StreamHead {
    return {
      epoch: row.epoch,
      state: row.state,
      reason: row.reason === null ? undefined : fromStored(row.reason),
      first: row.first,
      last: row.last,
      bytes: row.bytes,
      startedAt: row.started,
      endedAt: row.ended ?? undefined,
      lease: row.lease_end - this.#now(),
      claims: row.claims,
      readers: this.#readers(row.id),
    };
  }

  /** The rows that have changed since, oldest change first. */
  changedSince(change: number): HeadRow[] {
    return this.#link.all<HeadRow>(
      `SELECT * FROM ${this.#table}_heads WHERE change > ? ORDER BY change`,
      change,
    );
  }

  /** The newest change. */
  newestChange(): number {
    return this.#link.get<{ newest: number }>(`SELECT newest FROM ${this.#table}_changes`)!.newest;
  }

  /** This process reads some streams, and no longer others, and is there for so many milliseconds. */
  register(process: string, joined: readonly string[], left: readonly string[], milliseconds: number): void {
    const table = this.#table;
    this.#link.change(
      `INSERT OR REPLACE INTO ${table}_processes (process, until) VALUES (?, ?)`,
      process,
      this.#now() + milliseconds,
    );
    for (const id of joined) {
      this.#link.change(`INSERT OR IGNORE INTO ${table}_readers (id, process) VALUES (?, ?)`, id, process);
    }
    for (const id of left) {
      this.#link.change(`DELETE FROM ${table}_readers WHERE id = ? AND process = ?`, id, process);
    }
  }

  /** This process reads nothing any more. */
  unregister(process: string): void {
    this.#link.change(`DELETE FROM ${this.#table}_readers WHERE process = ?`, process);
    this.#link.change(`DELETE FROM ${this.#table}_processes WHERE process = ?`, process);
  }

  /** Deletes some of what nobody asks for any more. Says whether there is more. */
  sweep(): boolean {
    const now = this.#now();
    if (Math.abs(now - this.#sweptAt) < SWEEP) return false;
    const table = this.#table;
    const link = this.#link;
    let left = MOST_SWEPT;
    const heads = link.all<{ key: number }>(
      `SELECT key FROM ${table}_heads WHERE expires <= ? ORDER BY expires LIMIT ${MOST_SWEPT}`,
      now,
    );
    for (const { key } of heads) {
      left -= 1 + link.change(
        `DELETE FROM ${table}_frames WHERE stream = ? AND last IN ` +
          `(SELECT last FROM ${table}_frames WHERE stream = ? ORDER BY last LIMIT ?)`,
        key,
        key,
        left,
      );
      if (left < 0) return true;
      link.change(`DELETE FROM ${table}_heads WHERE key = ?`, key);
      if (left === 0) return true;
    }
    link.change(`DELETE FROM ${table}_processes WHERE until <= ?`, now);
    link.change(
      `DELETE FROM ${table}_readers WHERE process NOT IN (SELECT process FROM ${table}_processes)`,
    );
    this.#sweptAt = now;
    return false;
  }

  /** Takes the id from a life of a stream that is over: the sweep deletes what it holds. */
  #retire(id: string): void {
    this.#link.change(
      `UPDATE ${this.#table}_heads SET id = char(1) || key, state = 'lost', expires = 0 WHERE id = ?`,
      id,
    );
  }

  #readers(id: string): number {
    return this.#link.get<{ many: number }>(
      `SELECT count(*) AS many FROM ${this.#table}_readers JOIN ${this.#table}_processes USING (process) ` +
        "WHERE id = ? AND until > ?",
      id,
      this.#now(),
    )!.many;
  }

  #nextChange(): number {
    this.#link.change(`UPDATE ${this.#table}_changes SET newest = newest + 1`);
    return this.newestChange();
  }

  #now(): number {
    return Math.floor(this.#clock.now());
  }
}

/** Takes apart what was appended in one step. */
export function recordsOf(row: FramesRow): StreamRecord[] {
  return framesOf(row).map((frame, index) => ({ seq: row.first + index, frame }));
}

export function framesOf(row: FramesRow): string[] {
  return JSON.parse(textOf(row)) as string[];
}

function textOf({ frames }: FramesRow): string {
  return fromStored(frames);
}

/** Milliseconds as they are stored. */
function time(milliseconds: number): number {
  return Math.min(Math.ceil(milliseconds), LONGEST);
}
