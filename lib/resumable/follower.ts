/**
 * Follows one stream in this process, for all who read it here: one watch at the store, and the newest events in memory.
 *
 * A reader is only a place. One that is near the end is served from memory, with chunks that all share; one that is further
 * back reads from the store, and so does the follower itself where it has missed something.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { errorText, show, TidingsError } from "../base/errors.ts";
import type { Patience } from "../base/patience.ts";
import type { StreamHead, StreamPage, StreamRecord, StreamStore, StreamWatcher } from "../store/store.ts";
import { sentFrame } from "./event.ts";

/** One that reads. */
export interface Reader {
  /** There may be more, or the end has come. */
  news(): void;
}

/** What all followers of a process have in common. */
export interface FollowerParts {
  readonly store: StreamStore;
  readonly clock: Clock;
  /** All waiting for the store. */
  readonly waits: Patience;
  /** Tells the operator. */
  readonly tell: (error: unknown, id: string) => void;
  /** The owner's lease is over: somebody has to see to it. */
  readonly overdue: (id: string) => void;
}

/** Events in a row, as bytes. */
export interface Chunk {
  readonly bytes: Uint8Array;
  /** The number of the last of them. */
  readonly last: number;
}

/** How much is read from the store at once, in bytes. */
export const PAGE_BYTES = 65_536;
// How much of a stream is kept in memory for its readers, and handed to one of them at a time; in bytes.
const TAIL_BYTES = 65_536;
const CHUNK_BYTES = 16_384;
/** How long after a lease is over it is looked at, in milliseconds. */
const LATE = 250;

const utf8 = new TextEncoder();

export class Follower implements StreamWatcher {
  readonly id: string;
  readonly #parts: FollowerParts;
  readonly #readers = new Set<Reader>();
  #head: StreamHead;
  /** The newest events, without a gap among them. */
  #tail: { readonly record: StreamRecord; readonly text: string }[] = [];
  #tailBytes = 0;
  /** The newest event that is known. */
  #last: number;
  /** What was handed out last: most readers are at the same place. */
  #shared: (Chunk & { readonly after: number }) | undefined;
  #syncing: "no" | "running" | "again" = "no";
  #timer: unknown;
  #unwatch: (() => void) | undefined;
  /** The stream is gone from the store, or another has taken its id. */
  #isGone = false;

  constructor(parts: FollowerParts, id: string, head: StreamHead) {
    this.#parts = parts;
    this.id = id;
    this.#head = head;
    this.#last = head.last;
  }

  get epoch(): string {
    return this.#head.epoch;
  }

  /** How the stream ended; `undefined` while it runs, or while not all of its events are known here. */
  get end(): StreamHead | undefined {
    if (this.#isGone) {
      return { ...this.#head, state: "lost", last: this.#last, reason: "the store has lost it" };
    }
    return this.#head.state === "running" || this.#head.last > this.#last ? undefined : this.#head;
  }

  /** How many read here. */
  get readers(): number {
    return this.#readers.size;
  }

  join(reader: Reader): void {
    this.#readers.add(reader);
    if (this.#unwatch !== undefined || this.end !== undefined) return;
    this.#unwatch = this.#parts.store.watch(this.id, this);
    this.#checkLeaseLater();
  }

  leave(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#stop();
  }

  /** Whether events after this one, if there are any, are in memory. */
  covers(after: number): boolean {
    return after >= (this.#tail[0]?.record.seq ?? this.#last + 1) - 1;
  }

  /** The next events after one that is covered; nothing if there are none yet. */
  next(after: number): Chunk | undefined {
    if (after >= this.#last) return undefined;
    if (this.#shared?.after === after) return this.#shared;
    let text = "";
    let last = after;
    // The tail has no gap, so the place is known.
    for (let i = after + 1 - this.#tail[0]!.record.seq; i < this.#tail.length; i++) {
      if (text.length > CHUNK_BYTES) break;
      text += this.#tail[i]!.text;
      last = this.#tail[i]!.record.seq;
    }
    this.#shared = { after, last, bytes: utf8.encode(text) };
    return this.#shared;
  }

  /** The same as records. */
  records(after: number): readonly StreamRecord[] {
    const from = this.#tail[0]?.record.seq ?? 0;
    return this.#tail.slice(Math.max(0, after + 1 - from)).map(({ record }) => record);
  }

  /** Reads from the store, until it answers; `undefined` if the stream is gone from it, or everything is closed. */
  async read(after: number): Promise<StreamPage | undefined> {
    const { store, waits, tell } = this.#parts;
    for (let failures = 0; !waits.isOver; failures++) {
      try {
        const page = await waits.bounded(store.read(this.id, after, PAGE_BYTES));
        return page?.head.epoch === this.epoch ? page : undefined;
      } catch (error) {
        if (failures === 0 && !waits.isOver) {
          const message = `The readers of stream ${show(this.id)} wait for its store, ${store.name}: ${
            errorText(error)
          }`;
          tell(new TidingsError("backplane-unavailable", message, { cause: error }), this.id);
        }
        await waits.pause(failures);
      }
    }
    return undefined;
  }

  /** The store tells. */
  appended(epoch: string, first: number, frames: readonly string[]): void {
    if (epoch !== this.epoch || first > this.#last + 1) return this.changed();
    this.#push(frames.map((frame, index) => ({ seq: first + index, frame })));
    this.#tellReaders();
  }

  /** The store tells, or something suggests it: reads on from what is known. */
  changed(): void {
    if (this.#syncing === "no") void this.#sync();
    else this.#syncing = "again";
  }

  async #sync(): Promise<void> {
    do {
      this.#syncing = "running";
      const page = await this.read(this.#last);
      if (this.#parts.waits.isOver) return;
      if (page === undefined) this.#isGone = true;
      else {
        this.#head = page.head;
        this.#push(page.records);
        // More was stored than fits into a page.
        if (page.records.length > 0 && this.#last < page.head.last) this.#syncing = "again";
        // What is not there any more will not come.
        else if (page.records.length === 0 && page.head.last > this.#last) this.#skipTo(page.head.last);
      }
      if (this.end !== undefined) this.#stop();
      this.#tellReaders();
    } while ((this.#syncing as string) === "again" && !this.#isGone);
    this.#syncing = "no";
    if (this.#unwatch !== undefined) this.#checkLeaseLater();
  }

  #push(records: readonly StreamRecord[]): void {
    for (const record of records) {
      if (record.seq <= this.#last) continue;
      if (record.seq > this.#last + 1) this.#skipTo(record.seq - 1);
      const text = sentFrame(this.epoch, record);
      this.#tail.push({ record, text });
      this.#tailBytes += text.length;
      this.#last = record.seq;
    }
    let dropped = 0;
    while (this.#tailBytes > TAIL_BYTES && dropped < this.#tail.length - 1) {
      this.#tailBytes -= this.#tail[dropped++]!.text.length;
    }
    this.#tail.splice(0, dropped);
    this.#shared = undefined;
  }

  /** Something is missing here: whoever needs it reads it from the store, or is told of the gap. */
  #skipTo(last: number): void {
    this.#tail.length = this.#tailBytes = 0;
    this.#shared = undefined;
    this.#last = last;
  }

  #tellReaders(): void {
    for (const reader of this.#readers) reader.news();
  }

  #checkLeaseLater(): void {
    const { clock, overdue } = this.#parts;
    clock.clearTimeout(this.#timer);
    if (this.#head.state !== "running" || this.#isGone) return;
    if (this.#head.lease <= 0) overdue(this.id);
    const wait = Math.max(1_000, this.#head.lease + LATE);
    this.#timer = clock.setTimeout(() => this.changed(), wait);
  }

  /** All of the process is being closed. */
  close(): void {
    this.#stop();
    this.#tellReaders();
  }

  #stop(): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
