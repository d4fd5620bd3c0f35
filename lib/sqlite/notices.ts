/**
 * Tells a process what others do to the streams that it reads or owns, and the others that it reads them.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { Patience } from "../base/patience.ts";
import type { StreamWatcher } from "../store/store.ts";
import type { Link } from "./link.ts";
import { framesOf, type HeadRow, type Streams } from "./streams.ts";
import type { Watcher } from "./watcher.ts";
import type { Writer } from "./writer.ts";

// How often a process says that it still reads, and for how long that counts, in milliseconds.
const BEAT = 5_000;
const COUNTS = 15_000;
// Steps that are handed on one by one; whoever is further behind reads pages.
const MOST_STEPS = 64;

/** A stream that is watched. */
interface Watched {
  readonly watchers: Set<StreamWatcher>;
  /** Whether the others know. */
  isKnown: boolean;
  /** What was told of it last. */
  row: HeadRow | undefined;
}

export interface NoticesOptions {
  readonly link: Link;
  readonly watcher: Watcher;
  readonly writer: Writer;
  readonly streams: Streams;
  readonly clock: Clock;
}

export class Notices {
  readonly #options: NoticesOptions;
  readonly #patience: Patience;
  readonly #process: string = randomUUID();
  readonly #watched = new Map<string, Watched>();
  readonly #left = new Set<string>();
  readonly #owners = new Map<string, Set<(id: string) => void>>();
  readonly #owned = new Map<string, { readonly owner: string; readonly token: string }>();
  #seen = -1;
  #isRunning = false;
  /** Ends the wait for something to do. */
  #wake: (() => void) | undefined;

  constructor(options: NoticesOptions) {
    this.#options = options;
    this.#patience = new Patience(options.clock, "the store");
  }

  watch(id: string, watcher: StreamWatcher): () => void {
    if (this.#patience.isOver) return () => {};
    let watched = this.#watched.get(id);
    if (watched === undefined) {
      this.#watched.set(id, watched = { watchers: new Set(), isKnown: false, row: undefined });
      this.#left.delete(id);
    }
    watched.watchers.add(watcher);
    const { watchers } = watched;
    if (watched.isKnown) {
      queueMicrotask(() => !this.#patience.isOver && watchers.has(watcher) && watcher.changed());
    } else {
      this.#begin();
    }
    return () => {
      if (!watchers.delete(watcher) || watchers.size > 0) return;
      this.#watched.delete(id);
      this.#left.add(id);
      this.#wake?.();
    };
  }

  own(owner: string, listener: (id: string) => void): () => void {
    if (this.#patience.isOver) return () => {};
    const listeners = this.#owners.get(owner) ?? new Set();
    this.#owners.set(owner, listeners.add(listener));
    this.#begin();
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#owners.get(owner) !== listeners) return;
      this.#owners.delete(owner);
      this.#wake?.();
    };
  }

  /** This process has made a stream its own. */
  owns(id: string, { owner, token }: { readonly owner: string; readonly token: string }): void {
    if (this.#owners.has(owner)) this.#owned.set(id, { owner, token });
  }

  holds(id: string, token: string): boolean {
    return this.#owned.get(id)?.token === token;
  }

  /** It has ended it itself. */
  disowns(id: string): void {
    this.#owned.delete(id);
  }

  close(): void {
    if (this.#patience.isOver) return;
    this.#patience.end();
    this.#watched.clear();
    this.#owners.clear();
    this.#wake?.();
    const { link, streams } = this.#options;
    try {
      if (link.isOpen) link.run(() => link.write(() => streams.unregister(this.#process)));
    } catch {
      // It counts until its time is over.
    }
  }

  get #isNeeded(): boolean {
    return !this.#patience.isOver && (this.#watched.size > 0 || this.#owners.size > 0 || this.#left.size > 0);
  }

  #begin(): void {
    if (this.#isRunning) this.#wake?.();
    else void this.#run();
  }

  /** Listens for as long as anybody reads or owns, over one connection after the other. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let failures = 0; this.#isNeeded;) {
      try {
        await this.#serve(() => failures = 0);
      } catch {
        for (const watched of this.#watched.values()) watched.isKnown = false;
        // While nobody tells, whoever reads has to look.
        this.#tellAll();
        if (this.#isNeeded) await this.#patience.pause(failures++);
      }
    }
    this.#isRunning = false;
  }

  async #serve(worked: () => void): Promise<void> {
    const { link, watcher } = this.#options;
    await link.open();
    let failure: { readonly error: unknown } | undefined;
    this.#seen = -1;
    await this.#register();
    const stop = watcher.listen({
      changed: () => this.#look(),
      lost: (error) => {
        failure = { error };
        this.#wake?.();
      },
    });
    try {
      worked();
      while (this.#isNeeded) {
        const isLeft = [...this.#watched.values()].some(({ isKnown }) => !isKnown) || this.#left.size > 0;
        if (isLeft) await this.#register();
        else if (!await this.#wait() && this.#watched.size > 0) await this.#register();
        if (failure !== undefined) throw failure.error;
      }
    } finally {
      stop();
    }
  }

  /** Waits for something to do, at most until it is time to say that it still reads. Says whether it was woken. */
  #wait(): Promise<boolean> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const end = (isWoken: boolean) => {
        this.#wake = undefined;
        clock.clearTimeout(timer);
        resolve(isWoken);
      };
      const timer = clock.setTimeout(() => end(false), BEAT);
      this.#wake = () => end(true);
    });
  }

  /** Says what is read here, and looks where that stands. */
  async #register(): Promise<void> {
    const { writer, streams } = this.#options;
    const joined = [...this.#watched].filter(([, { isKnown }]) => !isKnown);
    const left = [...this.#left];
    this.#left.clear();
    const rows = await writer.write(() => {
      streams.register(this.#process, joined.map(([id]) => id), left, COUNTS);
      if (this.#seen < 0) this.#seen = streams.newestChange();
      return joined.map(([id]) => streams.find(id));
    });
    if (this.#patience.isOver) return;
    for (const [index, [id, watched]] of joined.entries()) {
      watched.isKnown = true;
      watched.row = rows[index];
      // It was given up meanwhile.
      if (this.#watched.get(id) !== watched) this.#left.add(id);
      for (const each of watched.watchers) each.changed();
    }
  }

  #tellAll(): void {
    for (const { watchers } of this.#watched.values()) for (const each of watchers) each.changed();
  }

  #look(): void {
    const { link, streams } = this.#options;
    if (this.#seen < 0 || !link.isOpen) return;
    let rows: HeadRow[] = [];
    try {
      const newest = streams.newestChange();
      if (newest === this.#seen) return;
      // An earlier state was put back.
      if (newest < this.#seen) this.#tellAll();
      else rows = streams.changedSince(this.#seen);
      this.#seen = rows.at(-1)?.change ?? newest;
      for (const row of rows) this.#changed(row);
    } catch {
      // What is wrong with the connection the watcher finds out, too.
      this.#tellAll();
    }
  }

  #changed(row: HeadRow): void {
    const owned = this.#owned.get(row.id);
    if (owned !== undefined && (row.token !== owned.token || row.state !== "running")) {
      this.#owned.delete(row.id);
      for (const listener of this.#owners.get(owned.owner) ?? []) listener(row.id);
    }
    const watched = this.#watched.get(row.id);
    if (watched === undefined || !watched.isKnown) return;
    const { row: before, watchers } = watched;
    watched.row = row;
    if (before?.key === row.key && row.last > before.last) {
      const steps = this.#options.streams.frames(row.key, before.last + 1, MOST_STEPS);
      for (const step of steps) {
        const frames = framesOf(step);
        for (const each of watchers) each.appended(row.epoch, step.first, frames);
      }
    }
    const isSame = before?.key === row.key && before.state === row.state && before.token === row.token;
    if (!isSame) { for (const each of watchers) each.changed(); }
  }
}
