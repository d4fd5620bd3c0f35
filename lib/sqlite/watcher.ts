/**
 * Notices what other connections commit, of this process and of others.
 *
 * SQLite tells nobody, but keeps a number that changes with each commit, which is read in a few microseconds. While there is
 * something to notice it is read every few milliseconds. After a second of silence it is read seldom, and the file system
 * is asked to tell of a change of the write-ahead log, where it can.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { explain, isBusy, unavailable } from "./errors.ts";
import type { FileSystem, Link } from "./link.ts";

/** Told of commits. Its methods must not throw. */
export interface CommitListener {
  /** Somebody has committed something. */
  changed(): void;
  /** The connection is no longer good. */
  lost(error: unknown): void;
}

// How often the number is read while there is something to notice, and while there is nothing, with and without a file system
// that tells; in milliseconds.
const QUICK = 5;
const TOLD = 500;
const UNTOLD = 100;
// A file system that did not tell so many times is asked no more: some never do.
const BLIND = 3;
// For how long it is read quickly after the last change, in milliseconds.
const AWAKE = 1_000;
// How often it is looked at most whether the file at the path is another one, in milliseconds.
const LOOK = 100;

export class Watcher {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #listeners = new Set<CommitListener>();
  #timer: unknown;
  #version = -1;
  #commits = 0;
  #session: unknown;
  #changedAt = 0;
  #lookedAt = 0;
  #watch: ReturnType<FileSystem["watch"]> | undefined;
  /** Whether it has been asked since before the last look. */
  #isWatching = false;
  /** How many changes in a row the file system did not tell of. */
  #untold = 0;

  constructor(link: Link, clock: Clock) {
    this.#link = link;
    this.#clock = clock;
  }

  /** How many commits were noticed. */
  get commits(): number {
    return this.#commits;
  }

  /** Listens until the function that is returned is called. The connection must be open. */
  listen(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    if (this.#timer === undefined) this.#poll();
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#rest();
    };
  }

  /** This process has committed something by this connection, whose own number does not tell. */
  committed(): void {
    this.#changedAt = this.#clock.now();
    this.#tell();
    this.hurry();
  }

  /** Something may be committed soon. */
  hurry(): void {
    this.#changedAt = this.#clock.now();
    if (this.#watch === undefined || this.#listeners.size === 0) return;
    this.#unwatch();
    this.#clock.clearTimeout(this.#timer);
    this.#pollLater(QUICK);
  }

  /** Ends everybody's listening. */
  close(error: unknown = unavailable(this.#link.name, "the connection was closed")): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    this.#rest();
    for (const listener of listeners) listener.lost(error);
  }

  #tell(): void {
    this.#commits++;
    for (const listener of [...this.#listeners]) listener.changed();
  }

  #rest(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unwatch();
  }

  #poll(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    try {
      if (this.#hasChanged(now)) {
        this.#changedAt = now;
        // It was asked to tell, and this look is not of its doing.
        if (this.#watch !== undefined && this.#isWatching) this.#untold++;
        this.#tell();
      }
    } catch (error) {
      if (!isBusy(error)) return this.close(explain(this.#link.name, error));
    }
    if (this.#listeners.size === 0 || this.#timer !== undefined) return;
    if (Math.abs(now - this.#changedAt) < AWAKE) {
      this.#unwatch();
      return this.#pollLater(QUICK);
    }
    const wasWatched = this.#watch !== undefined;
    this.#watchFile();
    // What came between the last look and the watch nobody tells.
    const isNew = !wasWatched && this.#watch !== undefined;
    this.#isWatching = wasWatched;
    this.#pollLater(isNew ? QUICK : this.#watch !== undefined ? TOLD : UNTOLD);
  }

  #pollLater(milliseconds: number): void {
    this.#timer = this.#clock.setTimeout(() => this.#poll(), milliseconds);
  }

  #hasChanged(now: number): boolean {
    const link = this.#link;
    if (Math.abs(now - this.#lookedAt) >= LOOK) {
      this.#lookedAt = now;
      if (link.isOpen && !link.isCurrent()) {
        link.close();
        throw unavailable(link.name, "the file was replaced or removed, and is opened anew");
      }
    }
    const { data_version: version } = link.get<{ data_version: number }>("PRAGMA data_version")!;
    const isOther = version !== this.#version || link.session !== this.#session;
    this.#version = version;
    this.#session = link.session;
    return isOther;
  }

  #watchFile(): void {
    if (this.#watch !== undefined || this.#untold >= BLIND) return;
    try {
      const watch = this.#link.fileSystem?.watch(`${this.#link.path}-wal`, { persistent: false }, () => {
        if (this.#watch !== watch) return;
        this.#untold = 0;
        // Each page that is written tells; the first of them is enough.
        this.hurry();
        this.#clock.clearTimeout(this.#timer);
        this.#poll();
      });
      watch?.on("error", () => {
        if (this.#watch === watch) this.#unwatch();
      });
      this.#watch = watch;
    } catch {
      // Without it the number is read all the same.
    }
  }

  #unwatch(): void {
    const watch = this.#watch;
    this.#watch = undefined;
    this.#isWatching = false;
    try {
      watch?.close();
    } catch {
      // It was closed already.
    }
  }
}
