/**
 * Keeps streams in the memory of one process.
 *
 * @module
 */

// deno-lint-ignore-file require-await -- a store answers by promises, and this one has nothing to wait for

import { type Clock, LONGEST_TIMER } from "../base/clock.ts";
import { checkNames, clockOption, namesOf, numberOption } from "../base/options.ts";
import { unref } from "../base/runtime.ts";
import type {
  Appended,
  Ownership,
  StreamBatch,
  StreamEnding,
  StreamHead,
  StreamPage,
  StreamRecord,
  StreamStore,
  StreamWatcher,
} from "./store.ts";

/** Options of {@linkcode memoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Streams that have ended and are still kept, at most: one more, and the one that ended first is forgotten before its time.
   * Default: 10,000.
   */
  readonly ended?: number | undefined;
  /** Time, for tests. Default: the runtime's own. */
  readonly clock?: Clock | undefined;
}

const OPTIONS = namesOf<MemoryStoreOptions>({ ended: true, clock: true });

/**
 * Keeps the streams of one process in its memory: the default, for a single process whose streams need not outlive it.
 *
 * @example
 * ```ts
 * import { memoryStore, ResumableStreams } from "tidings/resumable";
 *
 * const answers = new ResumableStreams({ store: memoryStore() });
 * const { done } = await answers.start("1", ["Hello", "world"]);
 * if ((await done).state !== "complete") throw new Error();
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): StreamStore {
  checkNames("memoryStore", options, OPTIONS);
  const { ended = 10_000 } = options;
  numberOption("ended", ended, { least: 1, unit: "streams", endless: true });
  return new MemoryStore(ended, clockOption(options.clock));
}

/** One stream. */
interface Entry {
  epoch: string;
  owner: string;
  token: string;
  state: StreamHead["state"];
  reason: string | undefined;
  first: number;
  last: number;
  bytes: number;
  readonly startedAt: number;
  endedAt: number | undefined;
  /** When the lease is over. */
  leaseEnd: number;
  /** When the stream is forgotten. */
  expires: number;
  claims: number;
  records: StreamRecord[];
}

const utf8 = new TextEncoder();

class MemoryStore implements StreamStore {
  readonly name = "memory";
  readonly #mostEnded: number;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** The ids of those that have ended, in that order. */
  readonly #ended = new Set<string>();
  readonly #watchers = new Map<string, Set<StreamWatcher>>();
  readonly #owners = new Map<string, Set<(id: string) => void>>();
  #sweep: unknown;

  constructor(ended: number, clock: Clock) {
    this.#mostEnded = ended;
    this.#clock = clock;
  }

  async create(
    id: string,
    { epoch, owner, token, lease, keep }: Ownership & { readonly epoch: string; readonly keep: number },
  ): Promise<boolean> {
    const now = this.#clock.now();
    const former = this.#find(id);
    if (former?.token === token) return true;
    if (former?.state === "running") {
      if (former.leaseEnd > now) return false;
      this.#finish(id, former, { state: "lost", keep });
    }
    this.#ended.delete(id);
    this.#entries.set(id, {
      epoch,
      owner,
      token,
      state: "running",
      reason: undefined,
      first: 1,
      last: 0,
      bytes: 0,
      startedAt: now,
      endedAt: undefined,
      leaseEnd: now + lease,
      expires: now + lease + keep,
      claims: 0,
      records: [],
    });
    for (const watcher of this.#watchersOf(id)) watcher.changed();
    this.#sweepLater();
    return true;
  }

  async append(id: string, batch: StreamBatch): Promise<Appended> {
    const { token, lease, keep, trim } = batch;
    const entry = this.#find(id);
    if (entry === undefined || entry.state !== "running" || entry.token !== token) {
      return { written: false, head: entry && this.#headOf(id, entry) };
    }
    const now = this.#clock.now();
    entry.leaseEnd = now + lease;
    entry.expires = now + lease + keep;
    const repeated = Math.max(0, entry.last + 1 - batch.first);
    const first = batch.first + repeated;
    const frames = batch.frames.slice(repeated);
    if (frames.length > 0) {
      for (const [index, frame] of frames.entries()) {
        entry.records.push({ seq: first + index, frame });
        entry.bytes += utf8.encode(frame).byteLength;
      }
      entry.last = first + frames.length - 1;
      for (const watcher of this.#watchersOf(id)) watcher.appended(entry.epoch, first, frames);
    }
    if (trim >= entry.first) {
      entry.records.splice(0, indexAfter(entry.records, trim));
      entry.first = trim + 1;
    }
    return { written: true, readers: this.#watchersOf(id).size };
  }

  async end(id: string, ending: StreamEnding): Promise<StreamHead | undefined> {
    const entry = this.#find(id);
    if (entry === undefined) return undefined;
    const { token = entry.token, overdue = false } = ending;
    const isOverdue = entry.leaseEnd <= this.#clock.now();
    if (entry.state === "running" && entry.token === token && (isOverdue || !overdue)) {
      this.#finish(id, entry, ending);
    }
    return this.#headOf(id, entry);
  }

  async claim(
    id: string,
    { owner, token, lease, keep }: Ownership & { readonly keep: number },
  ): Promise<StreamHead | undefined> {
    const now = this.#clock.now();
    const entry = this.#find(id);
    if (entry?.state !== "running") return undefined;
    if (entry.token !== token) {
      if (entry.leaseEnd > now) return undefined;
      const former = entry.owner;
      Object.assign(entry, { owner, token, claims: entry.claims + 1 });
      this.#tellOwner(former, id);
    }
    entry.leaseEnd = now + lease;
    entry.expires = now + lease + keep;
    return this.#headOf(id, entry);
  }

  async overdue(): Promise<readonly string[]> {
    const now = this.#clock.now();
    return [...this.#entries].filter(([id, { state, leaseEnd }]) =>
      state === "running" && leaseEnd <= now && this.#find(id) !== undefined
    ).map(([id]) => id);
  }

  async read(id: string, after: number, bytes: number): Promise<StreamPage | undefined> {
    const entry = this.#find(id);
    if (entry === undefined) return undefined;
    const records: StreamRecord[] = [];
    let size = 0;
    for (let i = indexAfter(entry.records, after); i < entry.records.length && size < bytes; i++) {
      const record = entry.records[i]!;
      records.push(record);
      size += record.frame.length;
    }
    return { head: this.#headOf(id, entry), records };
  }

  watch(id: string, watcher: StreamWatcher): () => void {
    const watchers = this.#watchersOf(id);
    watchers.add(watcher);
    this.#watchers.set(id, watchers);
    watcher.changed();
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#watchers.get(id) === watchers) this.#watchers.delete(id);
    };
  }

  own(owner: string, listener: (id: string) => void): () => void {
    const listeners = this.#owners.get(owner) ?? new Set();
    this.#owners.set(owner, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#owners.delete(owner);
    };
  }

  close(): void {
    this.#clock.clearTimeout(this.#sweep);
    this.#sweep = undefined;
  }

  #watchersOf(id: string): Set<StreamWatcher> {
    return this.#watchers.get(id) ?? new Set();
  }

  #find(id: string): Entry | undefined {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.expires > this.#clock.now()) return entry;
    this.#forget(id);
    return undefined;
  }

  #headOf(id: string, entry: Entry): StreamHead {
    const { epoch, state, reason, first, last, bytes, startedAt, endedAt, leaseEnd, claims } = entry;
    const lease = leaseEnd - this.#clock.now();
    const readers = this.#watchersOf(id).size;
    return { epoch, state, reason, first, last, bytes, startedAt, endedAt, lease, claims, readers };
  }

  #finish(id: string, entry: Entry, { state, reason, token, keep }: StreamEnding): void {
    const now = this.#clock.now();
    Object.assign(entry, { state, reason, endedAt: now, expires: now + keep });
    for (const watcher of this.#watchersOf(id)) watcher.changed();
    if (token === undefined) this.#tellOwner(entry.owner, id);
    this.#ended.add(id);
    for (const first of this.#ended) {
      if (this.#ended.size <= this.#mostEnded) break;
      this.#forget(first);
    }
  }

  #forget(id: string): void {
    this.#entries.delete(id);
    this.#ended.delete(id);
  }

  #tellOwner(owner: string, id: string): void {
    for (const listener of this.#owners.get(owner) ?? []) listener(id);
  }

  /** Forgets what nobody asks for any more. The timer holds no process up. */
  #sweepLater(): void {
    if (this.#sweep !== undefined) return;
    let next = Infinity;
    for (const { expires } of this.#entries.values()) next = Math.min(next, expires);
    if (next === Infinity) return;
    const wait = Math.min(LONGEST_TIMER, Math.max(1_000, next - this.#clock.now()));
    this.#sweep = this.#clock.setTimeout(() => {
      this.#sweep = undefined;
      for (const id of this.#entries.keys()) this.#find(id);
      this.#sweepLater();
    }, wait);
    unref(this.#sweep);
  }
}

/** Where the records after a sequence number begin. */
function indexAfter(records: readonly StreamRecord[], after: number): number {
  let low = 0;
  let high = records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (records[middle]!.seq > after) high = middle;
    else low = middle + 1;
  }
  return low;
}
