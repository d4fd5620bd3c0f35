/**
 * Watches streams of the store for the readers of one process, and tells their owners that it does.
 *
 * JetStream tells each message again once it has stored it. That is heard by whoever listens, and by nobody who was cut off:
 * so all are told to read after each interruption, and also where nothing was heard for longer than the owner's lease.
 *
 * @module
 */

import { report } from "../base/errors.ts";
import type { StreamWatcher } from "../store/store.ts";
import { explain } from "./errors.ts";
import { sayPresence } from "./presence.ts";
import { readStored, type Stored } from "./store_message.ts";
import type { StoreStream } from "./store_stream.ts";
import type { ConnectionLike } from "./types.ts";

// How much later than its lease a sign of an owner may come, in milliseconds.
const GRACE = 1_000;

export class StoreWatches {
  readonly #stream: StoreStream;
  readonly #process: string;
  readonly #watches = new Map<string, Watch>();

  constructor(stream: StoreStream, process: string) {
    this.#stream = stream;
    this.#process = process;
  }

  get size(): number {
    return this.#watches.size;
  }

  has(id: string): boolean {
    return this.#watches.has(id);
  }

  add(id: string, watcher: StreamWatcher): () => void {
    const watch = this.#watches.get(id) ?? new Watch(this.#stream, this.#process, id);
    this.#watches.set(id, watch);
    // The same watcher may watch twice.
    const entry: StreamWatcher = {
      appended: (epoch, first, frames) => watcher.appended(epoch, first, frames),
      changed: () => watcher.changed(),
    };
    watch.add(entry);
    return () => {
      if (!watch.remove(entry)) return;
      watch.close();
      if (this.#watches.get(id) === watch) this.#watches.delete(id);
    };
  }

  /** Somebody in this process has read the head, or that there is none. */
  heard(id: string, message: Stored | undefined): void {
    this.#watches.get(id)?.heard(message);
  }

  /** Somebody in this process could not read it: those who watch are to try again. */
  failed(id: string): void {
    this.#watches.get(id)?.failed();
  }

  /** The connection is back. */
  mended(): void {
    for (const watch of this.#watches.values()) watch.mended();
  }

  /** Looks for those who could not read, and for owners from which nothing was heard for too long. */
  check(): void {
    for (const watch of this.#watches.values()) watch.check();
  }

  close(): void {
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }
}

/** One stream, and all in this process who watch it. */
class Watch {
  readonly #stream: StoreStream;
  readonly #process: string;
  readonly #id: string;
  readonly #watchers = new Set<StreamWatcher>();
  #connection: ConnectionLike | undefined;
  #subscription: { unsubscribe(): void } | undefined;
  #isReady = false;
  #isClosed = false;
  /** The newest event that was told. */
  #last = 0;
  #heardAt = 0;
  #lease = Infinity;

  constructor(stream: StoreStream, process: string, id: string) {
    this.#stream = stream;
    this.#process = process;
    this.#id = id;
    this.#open().catch((error) => report(`${stream.name} cannot be watched`, explain(stream.name, error)));
  }

  add(watcher: StreamWatcher): void {
    this.#watchers.add(watcher);
    if (this.#isReady) queueMicrotask(() => this.#watchers.has(watcher) && watcher.changed());
  }

  /** True if that was the last one. */
  remove(watcher: StreamWatcher): boolean {
    return this.#watchers.delete(watcher) && this.#watchers.size === 0;
  }

  heard(message: Stored | undefined): void {
    this.#heardAt = this.#stream.clock.now();
    this.#lease = message?.life.state === "running" ? message.life.lease : Infinity;
  }

  failed(): void {
    this.#lease = -Infinity;
  }

  mended(): void {
    // Before that, all is still to come.
    if (!this.#isReady) return;
    this.#sayPresence(true);
    this.#changed();
  }

  check(): void {
    const silence = this.#stream.clock.now() - this.#heardAt;
    if (silence >= 0 && silence <= this.#lease + GRACE) return;
    this.#heardAt = this.#stream.clock.now();
    // Once, unless that fails too.
    if (this.#lease < 0) this.#lease = Infinity;
    this.#changed();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#subscription?.unsubscribe();
    this.#sayPresence(false);
  }

  async #open(): Promise<void> {
    const { subjects } = this.#stream;
    const connection = await this.#stream.connection();
    if (this.#isClosed) return;
    this.#connection = connection;
    this.#subscription = connection.subscribe(subjects.feed(this.#id), {
      callback: (error, { data }) => {
        if (error === null) return this.#receive(data);
        report(`${this.#stream.name} cannot be watched`, explain(this.#stream.name, error));
      },
    });
    this.#sayPresence(true);
    // The owner shall know of it before anybody here goes on. Where that fails, `mended` follows.
    await connection.flush().catch(() => {});
    this.#isReady = true;
    this.#changed();
  }

  #receive(data: Uint8Array): void {
    let message: Stored;
    try {
      // Neither its place nor its time is needed here.
      message = readStored(this.#stream.name, { subject: "", seq: 0, time: Infinity, data });
    } catch {
      return this.#changed();
    }
    const { kind, life: { epoch, last }, from, frames, asks } = message;
    this.heard(message);
    if (asks || kind === "made" || kind === "claimed") this.#sayPresence(true);
    if (kind !== "batch") {
      if (kind === "made") this.#last = 0;
      return this.#changed();
    }
    if (from !== undefined) {
      for (const watcher of this.#watchers) watcher.appended(epoch, from, frames);
    } else if (last > this.#last) {
      // Something before it got lost.
      this.#changed();
    }
    this.#last = last;
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher.changed();
  }

  #sayPresence(watches: boolean): void {
    try {
      this.#connection?.publish(
        this.#stream.subjects.presence(this.#id),
        sayPresence(this.#process, watches),
      );
    } catch {
      // The connection is closed for good, of which its calls tell.
    }
  }
}
