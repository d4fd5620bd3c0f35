/**
 * Gives a clock that a test turns by hand: it is handed in as the option `clock`, and no global is replaced.
 *
 * @module
 */

import type { Clock } from "../../lib/base/clock.ts";

export interface TurnedClock extends Clock {
  /** Lets time pass, and calls back for each timer as it becomes due, in order. */
  pass(milliseconds: number): void;
  /** How many timers are set. */
  pending(): number;
}

/** A clock that stands at 0 until it is turned. Its chance is `random`, 0.5 unless it is given. */
export function turnedClock({ random = () => 0.5 }: { random?: () => number } = {}): TurnedClock {
  interface Timer {
    readonly at: number;
    readonly callback: () => void;
  }
  let time = 0;
  const timers = new Set<Timer>();
  const next = (limit: number) => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at <= limit && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  };
  return {
    now: () => time,
    random,
    setTimeout: (callback, milliseconds) => {
      const timer = { at: time + Math.max(0, milliseconds), callback };
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer) => void timers.delete(timer as Timer),
    pass(milliseconds) {
      const end = time + milliseconds;
      for (let timer = next(end); timer !== undefined; timer = next(end)) {
        timers.delete(timer);
        time = timer.at;
        timer.callback();
      }
      time = end;
    },
    pending: () => timers.size,
  };
}
