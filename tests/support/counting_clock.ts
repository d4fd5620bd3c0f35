/**
 * Counts the timers that are set on the runtime's own clock: a test sees that none is left over.
 *
 * @module
 */

import { type Clock, systemClock } from "../../lib/base/clock.ts";

export interface CountingClock extends Clock {
  /** How many timers are set. */
  pending(): number;
}

export function countingClock(): CountingClock {
  const timers = new Set<unknown>();
  return {
    ...systemClock,
    setTimeout(callback, milliseconds) {
      const timer = systemClock.setTimeout(() => {
        timers.delete(timer);
        callback();
      }, milliseconds);
      timers.add(timer);
      return timer;
    },
    clearTimeout(timer) {
      timers.delete(timer);
      systemClock.clearTimeout(timer);
    },
    pending: () => timers.size,
  };
}
