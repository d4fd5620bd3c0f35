/**
 * Keeps encoded events in one order, within bounds, so that clients that lag can read on.
 *
 * A batch is encoded into one block of bytes, a *segment*, and never copied again: its entries are ranges of it. Nothing
 * here knows of clients or streams.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { RecentMap } from "../base/recent.ts";

/** What the log may hold. The first bound that is reached drops the oldest events. */
export interface LogLimits {
  readonly events: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly age: number;
  /** Bytes that one event may take. */
  readonly eventBytes: number;
}

/** An event that is about to be appended. */
export interface Draft {
  /** The event's id. Several entries may have the same one: the last of them is the place that it names. */
  readonly id: string;
  /** The id that clients were told instead, if the event came with one of its own. */
  readonly ownId?: string | undefined;
  readonly topic: string | readonly string[] | undefined;
  readonly key: string | undefined;
  /** What was published, for filters. */
  readonly event: unknown;
  /** The whole frame. */
  readonly frame: string;
  /** Who sees it, if not those that its topic and their filters say: a gap concerns all, a mere place in the log none. */
  readonly audience?: "all" | "none" | undefined;
}

/** An event in the log: its bytes are `segment[start, end)`. */
export interface LogEntry extends Omit<Draft, "frame" | "ownId"> {
  readonly seq: number;
  readonly time: number;
  readonly segment: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** The next entry with the same key. */
  newer: LogEntry | undefined;
}

/** One batch: its entries, and the bytes of them all. */
export interface Batch {
  readonly entries: readonly LogEntry[];
  readonly segment: Uint8Array;
}

/** What decides whether an entry concerns somebody: see `view.ts`. */
export interface Selection {
  /** The topics by name, or `undefined` for all of them. Events without a topic concern everybody. */
  readonly topics: ReadonlySet<string> | undefined;
  /** Whether there are more topics than those with a name here: {@linkcode Selection.sees} tells which. */
  readonly hasMatchers: boolean;
  /** Whether events of a topic may concern it, by their topic. */
  sees(topic: string): boolean;
  matches(entry: LogEntry): boolean;
}

/** A piece of the log for one selection. */
export interface Chunk {
  /** `undefined` if nothing in the range concerned the selection. */
  readonly bytes: Uint8Array | undefined;
  readonly events: number;
  /** The sequence number up to which the piece reaches. */
  readonly cursor: number;
}

// How many topics are remembered, at least, of which something was dropped; beyond that the oldest are lumped together.
const MOST_MARKS = 10_000;

// How many ids of events' own are known, at least, whether or not their events are kept.
const MOST_OWN_IDS = 10_000;

const encoder = new TextEncoder();

export class EventLog {
  readonly limits: LogLimits;
  readonly #clock: Clock;
  /** The kept entries are `#entries[#head …]`; what is before was dropped and is swept out now and then. */
  #entries: LogEntry[] = [];
  #head = 0;
  #bytes = 0;
  #tip = 0;
  /** The id of the place before the oldest entry kept; set by {@linkcode EventLog.restart}. */
  #baseId = "";
  /** The newest entry of each key. */
  readonly #newest = new Map<string, LogEntry>();
  /** For each topic the newest entry that was dropped, and the same of all that is no longer here. */
  readonly #dropped = new RecentMap<string | undefined, number>(MOST_MARKS);
  #droppedElsewhere = 0;
  /** The ids that events came with, and those of their places. */
  #ownIds = new RecentMap<string, string>(MOST_OWN_IDS);
  #hasOwnIds = false;

  constructor(limits: LogLimits, clock: Clock) {
    this.limits = limits;
    this.#clock = clock;
  }

  /** The sequence number of the newest event; 0 before the first. */
  get tip(): number {
    return this.#tip;
  }

  /** The sequence number of the oldest event kept, or of the next one if none is. */
  get oldest(): number {
    return this.#tip - this.length + 1;
  }

  /** How many events are kept. */
  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** The id of a place: of the last event before it. `seq` is from `oldest - 1` to `tip`. */
  idAt(seq: number): string {
    return seq < this.oldest ? this.#baseId : this.#entries[this.#head + seq - this.oldest]!.id;
  }

  /** The last place whose id is not after `id`, or `oldest - 1` if every kept one is. */
  floor(id: string, compare: (a: string, b: string) => number): number {
    const least = this.oldest - 1;
    let high = this.#tip;
    let low = high;
    // Back from the newest in steps that grow: most of those that are asked for are new.
    for (let step = 1; low > least && compare(this.idAt(low), id) > 0; step *= 2) {
      high = low - 1;
      low = Math.max(least, low - step);
    }
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (compare(this.idAt(middle), id) <= 0) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The id of the place of an event that came with this one; `undefined` if none is known. */
  placeOf(ownId: string): string | undefined {
    return this.#ownIds.get(ownId);
  }

  /** Whether there was ever an event with an id of its own. */
  get hasOwnIds(): boolean {
    return this.#hasOwnIds;
  }

  /** Drops all, as if it had never been: what comes next follows on another place. */
  restart(baseId: string): void {
    if (this.#hasOwnIds) this.#ownIds = new RecentMap(MOST_OWN_IDS);
    while (this.length > 0) this.#drop(this.#entries[this.#head]!);
    this.#sweep();
    this.#baseId = baseId;
  }

  /** Appends one batch, as one segment, and drops what no longer fits. */
  append(drafts: readonly Draft[]): Batch {
    const entries = toEntries(drafts, this.#tip + 1, this.#clock.now());
    this.#tip += drafts.length;
    for (const { ownId, id } of drafts) {
      // The first one stays: whoever comes back with the id misses nothing.
      if (ownId === undefined || this.#ownIds.has(ownId)) continue;
      this.#ownIds.set(ownId, id);
      this.#hasOwnIds = true;
    }
    for (const entry of entries) {
      if (entry.key !== undefined) {
        const older = this.#newest.get(entry.key);
        if (older !== undefined) older.newer = entry;
        this.#newest.set(entry.key, entry);
      }
      this.#entries.push(entry);
    }
    const { segment } = entries[0]!;
    this.#bytes += segment.byteLength;
    this.trim();
    return { entries, segment };
  }

  /** Drops what is past a bound. Time passes without events too: call it before reading on behalf of a reader. */
  trim(): void {
    const { events, bytes, age } = this.limits;
    const deadline = this.#clock.now() - age;
    while (this.length > 0) {
      const oldest = this.#entries[this.#head]!;
      if (this.length <= events && this.#bytes <= bytes && oldest.time >= deadline) break;
      this.#drop(oldest);
    }
    this.#sweep();
  }

  #sweep(): void {
    if (this.#head <= 1024 || this.#head * 2 <= this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  #drop(entry: LogEntry): void {
    const { id, seq, topic, key, start, end, audience } = entry;
    // Lets go of the segment at once, though the array is swept later.
    (this.#entries as unknown[])[this.#head++] = undefined;
    this.#bytes -= end - start;
    this.#baseId = id;
    if (audience === "none") return;
    if (key !== undefined && this.#newest.get(key) === entry) this.#newest.delete(key);
    if (typeof topic !== "object") this.#mark(topic, seq);
    else for (const each of topic) this.#mark(each, seq);
  }

  #mark(topic: string | undefined, seq: number): void {
    const forgotten = this.#dropped.set(topic, seq);
    for (const mark of forgotten?.values() ?? []) {
      if (mark > this.#droppedElsewhere) this.#droppedElsewhere = mark;
    }
  }

  /**
   * Whether an event after `cursor` that concerns the selection was dropped. With topics this is exact as long as no
   * more than 10,000 of them are in use, and errs on the side of saying so beyond; a filter can no longer be asked about
   * what is gone, so with one it errs on that side too.
   */
  missed(cursor: number, selection: Selection): boolean {
    const { topics } = selection;
    if (cursor >= this.oldest - 1) return false;
    if (topics === undefined || cursor < this.#droppedElsewhere) return true;
    if ((this.#dropped.get(undefined) ?? 0) > cursor) return true;
    for (const topic of topics) if ((this.#dropped.get(topic) ?? 0) > cursor) return true;
    if (!selection.hasMatchers) return false;
    for (const [topic, mark] of this.#dropped) {
      if (mark > cursor && topic !== undefined && selection.sees(topic)) return true;
    }
    return false;
  }

  /** What waits after `cursor` for the selection, as far as it is still here. */
  measure(cursor: number, selection: Selection, conflate: boolean): { events: number; bytes: number } {
    let events = 0;
    let bytes = 0;
    for (const entry of this.#after(cursor)) {
      if (!this.#concerns(entry, selection, conflate)) continue;
      events++;
      bytes += entry.end - entry.start;
    }
    return { events, bytes };
  }

  /** The entries after `cursor` that are still here. */
  *#after(cursor: number): Generator<LogEntry> {
    for (let i = this.#head + Math.max(0, cursor + 1 - this.oldest); i < this.#entries.length; i++) {
      yield this.#entries[i]!;
    }
  }

  #concerns(entry: LogEntry, selection: Selection, conflate: boolean): boolean {
    if (!selection.matches(entry)) return false;
    if (!conflate) return true;
    // One that the client does not get replaces nothing for it.
    let newer = entry.newer;
    while (newer !== undefined && !selection.matches(newer)) newer = newer.newer;
    return newer === undefined;
  }

  /**
   * Reads on after `cursor`: as many whole events as fit into `maxBytes`, and at least one.
   *
   * @param conflate Whether to leave out an event when the log holds a newer one with the same key for the selection.
   */
  read(cursor: number, selection: Selection, maxBytes: number, conflate: boolean): Chunk {
    // Whoever comes with no last id, or comes back in time, has all there is.
    if (cursor >= this.tip) return { bytes: undefined, events: 0, cursor };
    const chosen: LogEntry[] = [];
    let bytes = 0;
    for (const entry of this.#after(cursor)) {
      if (this.#concerns(entry, selection, conflate)) {
        bytes += entry.end - entry.start;
        if (bytes > maxBytes && chosen.length > 0) break;
        chosen.push(entry);
      }
      cursor = entry.seq;
    }
    return { bytes: joinEntries(chosen), events: chosen.length, cursor };
  }
}

/** Encodes them into one segment, as the entries from `seq` on. */
export function toEntries(drafts: readonly Draft[], seq: number, time: number): LogEntry[] {
  const { segment, ends } = encodeSegment(drafts);
  return drafts.map(({ id, topic, key, event, audience }, i): LogEntry => {
    const start = i === 0 ? 0 : ends[i - 1]!;
    return {
      id,
      seq: seq + i,
      time,
      topic,
      key,
      event,
      audience,
      segment,
      start,
      end: ends[i]!,
      newer: undefined,
    };
  });
}

/** One buffer for all frames of a batch, and where each of them ends. */
function encodeSegment(drafts: readonly Draft[]): { segment: Uint8Array; ends: number[] } {
  const text = drafts.length === 1 ? drafts[0]!.frame : drafts.map(({ frame }) => frame).join("");
  const segment = encoder.encode(text);
  // In ASCII a character is a byte; elsewhere each frame has to be measured.
  const ascii = segment.byteLength === text.length;
  let end = 0;
  const ends = drafts.map(({ frame }) => end += ascii ? frame.length : encoder.encode(frame).byteLength);
  return { segment, ends };
}

/** The entries' bytes in one buffer: the segment itself, shared, where they are all of it. */
export function joinEntries(entries: readonly LogEntry[]): Uint8Array | undefined {
  const first = entries[0];
  if (first === undefined) return undefined;
  let bytes = 0;
  let oneSegment = true;
  for (const { segment, start, end } of entries) {
    bytes += end - start;
    oneSegment &&= segment === first.segment;
  }
  if (oneSegment && bytes === first.segment.byteLength) return first.segment;
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const { segment, start, end } of entries) {
    joined.set(segment.subarray(start, end), at);
    at += end - start;
  }
  return joined;
}
