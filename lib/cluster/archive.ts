/**
 * Reads what the shared log still holds and this process's own log no longer does, for clients that were away for long.
 *
 * It is read in pages, one at a time for the whole process, always from the oldest place that somebody asks for, and a page
 * serves everybody whose place lies in it. So a thousand clients that come back together are a few readings, and not a
 * thousand.
 *
 * @module
 */

import type { Backplane, BackplaneEntry, BackplaneReader } from "./backplane.ts";
import type { Clock } from "../base/clock.ts";
import { type Draft, type LogEntry, toEntries } from "../log/log.ts";
import type { LogReader } from "../log/sequencer.ts";
import { ReadSize } from "./read_size.ts";
import type { Patience } from "../base/patience.ts";
import { openReader } from "./open_reader.ts";

/** Entries that follow one another in the log. */
interface Page {
  /** The place it was read for. */
  readonly asked: string;
  /** Whether there was no more. */
  readonly isLast: boolean;
  /** Its first entry is a place and no more: the one asked for, or the one that came in its stead. */
  readonly ids: readonly string[];
  readonly entries: readonly LogEntry[];
  readonly bytes: number;
}

/** What follows on a place. */
export interface Passage {
  /** Whether the log no longer holds the place, and where it goes on instead. */
  readonly lost: { readonly resumedAt: string; readonly end: "beginning" | "end" } | undefined;
  readonly entries: readonly LogEntry[];
  /** The place of the last of them, or, if there are none, the place asked for. */
  readonly last: string;
}

// How long pages are kept after the last of them was read, in milliseconds.
const KEEP = 10_000;

export class Archive {
  readonly #backplane: Backplane;
  readonly #clock: Clock;
  readonly #patience: Patience;
  readonly #decode: (entries: readonly BackplaneEntry[]) => Draft[];
  readonly #maxBytes: number;
  /** The most recently used last. */
  #pages = new Set<Page>();
  #bytes = 0;
  readonly #batch = new ReadSize();
  readonly #wanted = new Map<LogReader, string>();
  #working = false;
  /** The last page held nothing but the place that was asked for. */
  #wasFruitless = false;
  #reader: BackplaneReader | undefined;
  #idle: unknown;
  #stopped = false;

  constructor(
    backplane: Backplane,
    { clock, patience, decode, maxBytes }: {
      clock: Clock;
      patience: Patience;
      decode: (entries: readonly BackplaneEntry[]) => Draft[];
      maxBytes: number;
    },
  ) {
    this.#backplane = backplane;
    this.#clock = clock;
    this.#patience = patience;
    this.#decode = decode;
    this.#maxBytes = maxBytes;
  }

  /**
   * What follows on a place, if it is here; if not, the reader is woken when it is, and also when nothing follows, for then
   * its way may have ended.
   */
  read(at: string, reader: LogReader): Passage | undefined {
    for (const page of this.#pages) {
      const passage = this.#passage(page, at);
      if (passage === undefined) continue;
      this.#pages.delete(page);
      this.#pages.add(page);
      return passage;
    }
    this.#wanted.set(reader, at);
    if (!this.#working) void this.#work();
    return undefined;
  }

  forget(reader: LogReader): void {
    this.#wanted.delete(reader);
  }

  /** Forgets what was read, and what is being read: the log is another one. */
  clear(): void {
    this.#pages = new Set();
    this.#bytes = 0;
    this.#wasFruitless = false;
  }

  stop(): void {
    this.#stopped = true;
    this.#rest();
  }

  #passage({ asked, isLast, ids, entries }: Page, at: string): Passage | undefined {
    const [first] = ids;
    const last = ids.at(-1)!;
    if (at === asked && first !== asked) {
      const isOlder = this.#backplane.compare(first!, asked) < 0;
      return {
        lost: { resumedAt: first!, end: isOlder ? "end" : "beginning" },
        entries: isOlder ? entries.slice(1) : entries,
        last,
      };
    }
    // The last entry of a full page says nothing of what follows on it.
    if (this.#backplane.compare(at, first!) < 0 || this.#backplane.compare(at, last) >= 0) {
      return at === last && isLast && at === asked ? { lost: undefined, entries: [], last } : undefined;
    }
    const index = ids.indexOf(at);
    return index === -1 ? undefined : { lost: undefined, entries: entries.slice(index + 1), last };
  }

  async #work(): Promise<void> {
    this.#working = true;
    this.#clock.clearTimeout(this.#idle);
    for (let failures = 0; this.#wanted.size > 0 && !this.#stopped;) {
      try {
        // Nothing follows, and yet this process has read more: the log has lost its end, and the follower will notice.
        if (this.#wasFruitless) await this.#patience.pause(1);
        // A failure is told by the follower, which reads the same log.
        this.#reader ??= await openReader(this.#backplane, this.#patience);
        await this.#turnPage(this.#reader);
        failures = 0;
      } catch {
        this.#reader?.close();
        this.#reader = undefined;
        await this.#patience.pause(failures++);
      }
    }
    this.#working = false;
    if (this.#stopped) this.#rest();
    else this.#idle = this.#clock.setTimeout(() => this.#rest(), KEEP);
  }

  /** Reads one page, and wakes everybody whom it serves. */
  async #turnPage(reader: BackplaneReader): Promise<void> {
    let asked: string | undefined;
    for (const at of this.#wanted.values()) {
      if (asked === undefined || this.#backplane.compare(at, asked) < 0) asked = at;
    }
    // Those who waited may have left meanwhile.
    if (asked === undefined) return;
    const { limit } = this.#batch;
    const pages = this.#pages;
    const found = await reader.range(asked, limit);
    // The log was found to be another one meanwhile: this may be of the one before, and is read again.
    if (pages !== this.#pages) return;
    this.#batch.learn(found);
    const ids = found.map(({ id }) => id);
    const entries = toEntries(this.#decode(found), 0, 0);
    const isLast = found.length < limit;
    this.#wasFruitless = ids.length === 1 && ids[0] === asked;
    const page = { asked, isLast, ids, entries, bytes: entries[0]!.segment.byteLength };
    // That nothing follows is true now, and has to be asked again.
    if (!this.#wasFruitless) this.#keep(page);
    // Whoever is woken may ask again at once.
    for (const [waiting, at] of [...this.#wanted]) {
      if (this.#passage(page, at) === undefined) continue;
      this.#wanted.delete(waiting);
      waiting.wake();
    }
  }

  #keep(page: Page): void {
    this.#pages.add(page);
    this.#bytes += page.bytes;
    for (const oldest of this.#pages) {
      if (this.#bytes <= this.#maxBytes || oldest === page) break;
      this.#pages.delete(oldest);
      this.#bytes -= oldest.bytes;
    }
  }

  #rest(): void {
    this.#clock.clearTimeout(this.#idle);
    this.#reader?.close();
    this.#reader = undefined;
    this.clear();
  }
}
