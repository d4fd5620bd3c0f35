/**
 * Reads a stream as a process does that serves it: what is pushed if it is next, and pages where something is missing.
 *
 * @module
 */

import type { StreamHead, StreamStore, StreamWatcher } from "../../lib/store/store.ts";
import { sleep, until } from "./wait.ts";

export class StoreReader implements StreamWatcher {
  /** The frames, in the order in which they were read. */
  readonly frames: string[] = [];
  /** How often it was told to look. */
  changes = 0;
  /** How often it had to look, and how often that failed. */
  reads = 0;
  failures = 0;
  /** What it saw last; `undefined` if the stream was gone. */
  head: StreamHead | undefined;
  readonly #store: StreamStore;
  readonly #id: string;
  readonly #unwatch: () => void;
  #isReading = false;
  #again = false;
  #isStopped = false;

  constructor(store: StreamStore, id: string) {
    this.#store = store;
    this.#id = id;
    this.#unwatch = store.watch(id, this);
  }

  appended(_epoch: string, first: number, frames: readonly string[]): void {
    const next = this.frames.length + 1;
    if (first > next || this.#isReading) this.changed();
    else this.frames.push(...frames.slice(next - first));
  }

  changed(): void {
    this.changes++;
    this.#again = true;
    if (!this.#isReading) void this.#read();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    while (this.#again) {
      this.#again = false;
      try {
        this.reads++;
        const page = await this.#store.read(this.#id, this.frames.length, 10_000);
        this.head = page?.head;
        for (const { seq, frame } of page?.records ?? []) {
          if (seq !== this.frames.length + 1) throw new Error(`number ${seq} after ${this.frames.length}`);
          this.frames.push(frame);
        }
        if (this.frames.length < (page?.head.last ?? 0)) this.#again = true;
      } catch {
        // Whoever serves a stream asks until the store answers: no other sign has to come.
        this.failures++;
        this.#again = !this.#isStopped;
        await sleep(20);
      }
    }
    this.#isReading = false;
  }

  /** Waits until it was told to look, as each is once its listening is confirmed, and has done so. */
  async hasLooked(): Promise<void> {
    await until(() => this.changes > 0 && !this.#isReading, "it was told to look, and has looked");
  }

  /** Waits until it has so many. */
  async has(count: number): Promise<void> {
    await until(() => this.frames.length >= count, `${count} frames were read`);
  }

  stop(): void {
    this.#isStopped = true;
    this.#unwatch();
  }
}
