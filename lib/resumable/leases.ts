/**
 * Sees to streams whose lease is over: their process has died, and the work is taken over, or lost.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Patience } from "../base/patience.ts";
import { unref } from "../base/runtime.ts";
import type { StreamHead, StreamPage } from "../store/store.ts";
import { FrameReader, type StoredEvent } from "./event.ts";
import type { Settings } from "./options.ts";
import type { Piece, Run, RunStart } from "./run.ts";
import { feed, isSource, wrongSource } from "./source.ts";

/** How often a process that can take work over looks for some, in milliseconds. */
const SWEEP = 1_000;
/**
 * How long after a lease was seen to be over it has to be seen again, in milliseconds: its owner may have been held up with
 * its store. A process that cannot take the work over waits longer, so that one that can is first, and has seen it twice.
 */
const SECOND_LOOK = { taker: 1_000, other: 3_000 };
const DIED = "its process died";

/** What it needs of the streams of this process. */
export interface LeaseParts {
  readonly settings: Settings;
  readonly clock: Clock;
  /** All waiting for the store. */
  readonly waits: Patience;
  /** Tells the operator. */
  tell(error: unknown, id: string | undefined): void;
  read(id: string, after: number): Promise<StreamPage | undefined>;
  /** Who is to own what is taken over; `undefined` if this process runs as many streams as it may. */
  owner(): { owner: string; token: string } | undefined;
  run(id: string, start: Omit<RunStart, "id">): Run;
}

export class Leases {
  readonly #parts: LeaseParts;
  /** Streams that are being seen to. */
  readonly #ids = new Set<string>();
  #sweep: unknown;
  #isClosed = false;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    if (parts.settings.onLost !== undefined) this.#sweepLater();
  }

  /** A lease is over. If it still is a moment later, the work is taken over, or lost. */
  async seeTo(id: string): Promise<void> {
    if (this.#ids.has(id)) return;
    this.#ids.add(id);
    const { settings: { store, keep, onLost }, waits, read, tell } = this.#parts;
    try {
      await waits.sleep(onLost === undefined ? SECOND_LOOK.other : SECOND_LOOK.taker);
      if (this.#isClosed) return;
      const head = (await read(id, Infinity))?.head;
      if (head?.state !== "running" || head.lease > 0) return;
      if (onLost !== undefined && await this.#claim(id, onLost)) return;
      await waits.bounded(store.end(id, { state: "lost", reason: DIED, keep, overdue: true }));
    } catch (error) {
      // Whoever reads it next looks again.
      if (!this.#isClosed) tell(error, id);
    } finally {
      this.#ids.delete(id);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#parts.clock.clearTimeout(this.#sweep);
  }

  #sweepLater(): void {
    this.#sweep = this.#parts.clock.setTimeout(() => void this.#look(), SWEEP);
    // Waiting for other processes' deaths is no reason to live on.
    unref(this.#sweep);
  }

  async #look(): Promise<void> {
    const { settings: { store }, waits, tell } = this.#parts;
    try {
      for (const id of await waits.bounded(store.overdue())) void this.seeTo(id);
    } catch (error) {
      if (!this.#isClosed) tell(error, undefined);
    }
    if (!this.#isClosed) this.#sweepLater();
  }

  /** Says whether somebody has it now. */
  async #claim(id: string, onLost: NonNullable<Settings["onLost"]>): Promise<boolean> {
    const { settings: { store, keep, lease }, waits } = this.#parts;
    const owner = this.#parts.owner();
    if (owner === undefined) return false;
    const head = await waits.bounded(store.claim(id, { ...owner, lease, keep }));
    if (head !== undefined) await this.#takeOver(id, head, owner.token, onLost);
    return true;
  }

  async #takeOver(
    id: string,
    head: StreamHead,
    token: string,
    onLost: NonNullable<Settings["onLost"]>,
  ): Promise<void> {
    const events: StoredEvent[] = [];
    const kept: Piece[] = [];
    const frames = new FrameReader(head.epoch);
    for (let last = 0; last < head.last;) {
      const page = await this.#parts.read(id, last);
      const newest = page?.records.at(-1);
      if (page === undefined || newest === undefined) break;
      let bytes = 0;
      for (const record of page.records) {
        const event = frames.read(record);
        if (event !== undefined) events.push(event);
        bytes += record.frame.length;
      }
      kept.push({ last: newest.seq, events: page.records.length, bytes });
      last = newest.seq;
    }
    const run = this.#parts.run(id, { epoch: head.epoch, token, last: head.last, kept });
    try {
      const source = await onLost(id, { events, losses: head.claims, signal: run.signal });
      if (source === undefined) run.end("lost", DIED);
      else if (isSource(source)) void feed(run, source);
      else throw wrongSource(source);
    } catch (error) {
      this.#parts.tell(error, id);
      run.end("lost", DIED);
    }
  }
}
