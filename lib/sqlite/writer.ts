/**
 * Writes into the database: what one turn of the event loop asks for becomes one transaction, and one sync of the disk.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { explain, isBusy, isOfDatabase } from "./errors.ts";
import type { Link } from "./link.ts";
import { LONGEST_LOCK, pauseOf } from "./retry.ts";

// What one transaction takes at most, so that it does not hold the event loop for long: changes, and UTF-16 code units.
const MOST_CHANGES = 1_000;
const MOST_TEXT = 1 << 20;
// The longest rest after a transaction, in milliseconds. It is as long as the transaction took: a disk that is slow to sync
// takes half of the event loop's time and no more.
const LONGEST_REST = 20;

interface Job {
  readonly work: () => unknown;
  readonly size: number;
  readonly since: number;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

export interface WriterOptions {
  readonly link: Link;
  readonly clock: Clock;
  /** Done at the end of each transaction. Says whether there is more to do of it, for which another one is made. */
  readonly tidy: () => boolean;
  /** Called after each commit. */
  readonly onCommit: () => void;
}

export class Writer {
  readonly #options: WriterOptions;
  #jobs: Job[] = [];
  #timer: unknown;
  #isOpening = false;
  #hasMore = false;
  #attempts = 0;
  /** After one failed for what it is, the others are tried one at a time. */
  #isSingle = 0;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Whether anything waits to be written. */
  get isIdle(): boolean {
    return this.#jobs.length === 0 && !this.#isOpening;
  }

  /**
   * Does something within the next transaction. Resolves with what it returned once that is committed, and rejects with an
   * explained error if nothing of it is.
   *
   * @param size Code units that it writes.
   */
  write<T>(work: () => T, size = 0): Promise<T> {
    const since = this.#options.clock.now();
    return new Promise<T>((resolve, reject) => {
      this.#jobs.push({ work, size, since, resolve, reject });
      // In the next turn, when this one has asked for all that it wants.
      if (!this.#isOpening) this.#timer ??= this.#later(0);
    });
  }

  /** Fails what waits, and does nothing more by itself. */
  close(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#hasMore = false;
    this.#fail(this.#jobs.splice(0), new Error("it was closed"));
  }

  #later(milliseconds: number): unknown {
    return this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, milliseconds);
  }

  #flush(): void {
    const { link, clock, tidy, onCommit } = this.#options;
    if (!link.isOpen || !link.isCurrent()) return void this.#open();
    const jobs = this.#take();
    const begun = clock.now();
    const outcomes: unknown[] = [];
    try {
      link.run(() =>
        link.write(() => {
          for (const { work } of jobs) outcomes.push(work());
          this.#hasMore = tidy();
        })
      );
    } catch (error) {
      this.#refused(jobs, error);
      return;
    }
    this.#attempts = 0;
    this.#isSingle = Math.max(0, this.#isSingle - jobs.length);
    for (const [index, { resolve }] of jobs.entries()) resolve(outcomes[index] as never);
    onCommit();
    if (this.#jobs.length === 0 && !this.#hasMore) return;
    this.#timer ??= this.#later(Math.min(LONGEST_REST, clock.now() - begun));
  }

  /** The jobs of the next transaction. */
  #take(): Job[] {
    let [count, size] = [0, 0];
    const most = this.#isSingle > 0 ? 1 : MOST_CHANGES;
    while (count < this.#jobs.length && count < most && size < MOST_TEXT) size += this.#jobs[count++]!.size;
    return this.#jobs.splice(0, count);
  }

  #refused(jobs: Job[], error: unknown): void {
    const { clock } = this.#options;
    const isLate = jobs.length === 0 || clock.now() - jobs[0]!.since >= LONGEST_LOCK;
    if (isBusy(error) && !isLate) {
      this.#jobs.unshift(...jobs);
      this.#timer ??= this.#later(pauseOf(clock, this.#attempts++));
      return;
    }
    this.#attempts = 0;
    if (jobs.length > 1 && !isBusy(error) && !isOfDatabase((error as { cause?: unknown }).cause)) {
      // One of them may be at fault: each is tried alone.
      this.#jobs.unshift(...jobs);
      this.#isSingle = jobs.length;
    } else {
      // All that was asked for meanwhile would fail the same way, and must not overtake what is tried again.
      this.#fail([...jobs, ...this.#jobs.splice(0)], error);
    }
    if (this.#jobs.length > 0) this.#timer ??= this.#later(0);
  }

  async #open(): Promise<void> {
    if (this.#isOpening) return;
    this.#isOpening = true;
    try {
      await this.#options.link.open();
    } catch (error) {
      this.#fail(this.#jobs.splice(0), error);
    }
    this.#isOpening = false;
    if (this.#jobs.length > 0) this.#timer ??= this.#later(0);
  }

  #fail(jobs: readonly Job[], error: unknown): void {
    const explained = explain(this.#options.link.name, error);
    for (const { reject } of jobs) reject(explained);
  }
}
