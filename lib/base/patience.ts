/**
 * Waits for an engine: bounds each call in time, spaces the attempts after a failure, and ends both on demand.
 *
 * @module
 */

import { type Clock, spread, within } from "./clock.ts";

/** The longest that a call may take that waits for nothing but its answer, before it is given up; in milliseconds. */
export const CALL_TIMEOUT = 5_000;

const SHORTEST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** All waiting of one owner for its engine. None of it outlives `end()`, which would keep the process alive. */
export class Patience {
  readonly #clock: Clock;
  readonly #owner: string;
  /** What ends each wait that is under way. */
  readonly #waits = new Set<() => void>();
  #isOver = false;

  /** @param owner Who waits, for the error of a call that is ended: "the broadcaster". */
  constructor(clock: Clock, owner: string) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** Whether it was ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves after a pause that is longer with each failure in a row, and never the same in two processes. */
  pause(failures: number): Promise<void> {
    const longest = Math.min(LONGEST_PAUSE, SHORTEST_PAUSE * 2 ** Math.min(failures, 10));
    return this.sleep(spread(this.#clock, longest, 0.5, 1));
  }

  /** Resolves after so many milliseconds, or at the end. */
  async sleep(milliseconds: number): Promise<void> {
    await this.#wait(new Promise<void>(() => {}), milliseconds, () => {}).catch(() => {});
  }

  /** The outcome of a call, which rejects when it takes too long, and at the end. */
  bounded<T>(call: Promise<T>, milliseconds: number = CALL_TIMEOUT): Promise<T> {
    return this.#wait(call, milliseconds, () => {
      throw new Error(`no answer within ${milliseconds} ms`);
    });
  }

  /** Ends every pause, and fails every call that is under way or comes later. */
  end(): void {
    this.#isOver = true;
    for (const end of this.#waits) end();
  }

  /** The outcome of a call, or what `late` returns or throws, or a failure once all is over. */
  async #wait<T>(call: Promise<T>, milliseconds: number, late: () => T): Promise<T> {
    let end!: () => void;
    // One for each wait: whatever waits for a promise that lives as long as the process is kept as long.
    const ended = new Promise<never>((_, reject) =>
      end = () => reject(new Error(`${this.#owner} is closed`))
    );
    this.#waits.add(end);
    if (this.#isOver) end();
    try {
      return await within(this.#clock, milliseconds, Promise.race([call, ended]), late);
    } finally {
      this.#waits.delete(end);
    }
  }
}
