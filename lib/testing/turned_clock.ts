/**
 * Gives a clock that a test turns by hand: it is handed in as the option `clock`, and no global is replaced.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { numberOption } from "../base/options.ts";

// The real one, whatever a test puts in its place later.
const { setTimeout } = globalThis;

/** A clock that stands still until it is turned. */
export interface TurnedClock extends Clock {
  /** Lets time pass at once: calls back for each timer that becomes due, in order, and returns. */
  pass(milliseconds: number): void;
  /**
   * Lets time pass, and what is under way go on: before the first timer and after each one it waits until what was set off
   * has come to rest, reads and writes in memory included. What a socket brings is not waited for.
   */
  passAsync(milliseconds: number): Promise<void>;
  /** How many timers are set. */
  pending(): number;
}

/** How a {@linkcode turnedClock} begins. */
export interface TurnedClockOptions {
  /** What `now()` says at first, in milliseconds since 1970. Default: 0. */
  now?: number | undefined;
  /** Gives chance, a number from 0 up to and without 1. Default: 0.5, each time. */
  random?: (() => number) | undefined;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Makes a clock that stands still until it is turned. Hand it to whatever takes the option `clock`: `createSSEResponse`,
 * a `Broadcaster`, `connect`, an engine.
 *
 * @example A keepalive, without waiting for it
 * ```ts
 * import { createSSEResponse } from "tidings";
 * import { readEvents, turnedClock } from "tidings/testing";
 *
 * const clock = turnedClock();
 * const reader = readEvents((request) => createSSEResponse(request, () => {}, { clock, keepalive: 15_000 }));
 * await clock.passAsync(15_000);
 * await reader.expectComment();
 * await reader.leave();
 * if (clock.pending() > 0) throw new Error("a timer was left behind");
 * ```
 */
export function turnedClock({ now = 0, random = () => 0.5 }: TurnedClockOptions = {}): TurnedClock {
  let time = now;
  const timers = new Set<Timer>();

  /** Calls back for the first timer that is due by then, if there is one. */
  const fire = (limit: number): boolean => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at <= limit && (first === undefined || timer.at < first.at)) first = timer;
    }
    if (first === undefined) return false;
    timers.delete(first);
    time = first.at;
    first.callback();
    return true;
  };
  const until = (milliseconds: number): number =>
    time + numberOption("milliseconds", milliseconds, { least: 0, unit: "milliseconds", whole: false });

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
      const end = until(milliseconds);
      while (fire(end));
      time = end;
    },
    async passAsync(milliseconds) {
      const end = until(milliseconds);
      do await rest(); while (fire(end));
      time = end;
    },
    pending: () => timers.size,
  };
}

/** Resolves when what can go on without time or sockets has done so. */
async function rest(): Promise<void> {
  // Chains of promises end within a turn. A few runtimes take a turn more for a chunk of a body.
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setTimeout(resolve, 0));
}
