/**
 * Keeps account in the database of which streams this process watches.
 *
 * @module
 */

import { type Clock, sleep } from "../base/clock.ts";
import { arrayOf } from "./text.ts";

// For how long the account holds, and how often it is renewed, in milliseconds. A process that died counts for as long.
const HOLDS = 10_000;
const RENEWED = 3_000;

/** Says which streams are watched, for so many milliseconds, and which are watched no more; each an array, as one text. */
export type Tell = (watched: string, leftAlone: string, time: number) => Promise<unknown>;

export class Presence {
  readonly #clock: Clock;
  readonly #tell: Tell;
  /** How many watch each stream. */
  readonly #watched = new Map<string, number>();
  readonly #added = new Set<string>();
  readonly #left = new Set<string>();
  #current: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #timer: unknown;
  #isClosed = false;

  constructor(clock: Clock, tell: Tell) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** Somebody watches a stream, until the function that is returned is called. */
  add(id: string): () => void {
    this.#watched.set(id, (this.#watched.get(id) ?? 0) + 1);
    this.#left.delete(id);
    this.#added.add(id);
    this.#renewLater();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      const others = this.#watched.get(id)! - 1;
      if (others > 0) return void this.#watched.set(id, others);
      this.#watched.delete(id);
      this.#added.delete(id);
      this.#left.add(id);
      if (!this.#isClosed) this.told().catch(() => {});
    };
  }

  /** Resolves when the database knows all that has changed until now. */
  told(): Promise<void> {
    if (this.#current === undefined) return this.#current = this.#run();
    // What is under way may have begun before.
    return this.#next ??= this.#current.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#current = this.#run();
    });
  }

  /** Nobody watches any more. */
  close(): void {
    this.#isClosed = true;
    this.#clock.clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    // What begins and ends in one turn goes together.
    await sleep(this.#clock, 0);
    const added = [...this.#added];
    const left = [...this.#left];
    this.#added.clear();
    this.#left.clear();
    try {
      if (added.length + left.length > 0) await this.#tell(arrayOf(added), arrayOf(left), HOLDS);
    } catch (error) {
      for (const id of added) if (this.#watched.has(id)) this.#added.add(id);
      for (const id of left) if (!this.#watched.has(id)) this.#left.add(id);
      throw error;
    } finally {
      this.#current = undefined;
    }
  }

  #renewLater(): void {
    if (this.#isClosed) return;
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#timer = undefined;
      for (const id of this.#watched.keys()) this.#added.add(id);
      if (this.#added.size + this.#left.size === 0) return;
      this.told().catch(() => {});
      this.#renewLater();
    }, RENEWED);
  }
}
