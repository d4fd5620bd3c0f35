/**
 * Waits for an engine: bounds each call in time, spaces the attempts after a failure, and ends both on demand.
 *
 * @module
 */

import { type Clock, spread, within } from "../base/clock.ts";
import { type Backplane, type BackplaneReader, LONGEST_WAIT } from "./backplane.ts";

// The longest that a call may take that does not wait for anything, and how much longer than promised one may take that
// does, before the connection is taken for dead; in milliseconds.
const CALL_TIMEOUT = 5_000;
const GRACE = 2_000;

const SHORTEST_PAUSE = 50;
const LONGEST_PAUSE = 2_000;

/** All waiting of one Broadcaster for its engine. None of it outlives `end()`, which would keep the process alive. */
export class Patience {
  readonly #clock: Clock;
  /** What ends each wait that is under way. */
  readonly #waits = new Set<() => void>();
  #isOver = false;

  constructor(clock: Clock) {
    this.#clock = clock;
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

  /** Opens a reader whose calls reject when they take too long. */
  async open(backplane: Backplane): Promise<BackplaneReader> {
    const bounded = <T>(call: Promise<T>, milliseconds = CALL_TIMEOUT): Promise<T> =>
      this.#wait(call, milliseconds, () => {
        throw new Error(`no answer within ${milliseconds} ms`);
      });
    const opening = backplane.open();
    let reader: BackplaneReader;
    try {
      reader = await bounded(opening);
    } catch (error) {
      // One that opens after all is not left behind.
      opening.then((late) => late.close(), () => {});
      throw error;
    }
    return {
      range: (from, limit) => bounded(reader.range(from, limit)),
      before: (to, limit) => bounded(reader.before(to, limit)),
      wait: (after) => bounded(reader.wait(after), LONGEST_WAIT + GRACE),
      close: () => reader.close(),
    };
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
      end = () => reject(new Error("the broadcaster is closed"))
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
