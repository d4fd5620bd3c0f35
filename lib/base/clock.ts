/**
 * Gives time and chance as one object, so that a test can pass in a clock that it turns by hand.
 *
 * @module
 */

/** Time and chance. Every part of the library that waits, measures or draws lots takes them from one of these. */
export interface Clock {
  /** Milliseconds since 1970, as `Date.now` tells them. */
  now(): number;
  /** Calls back once after so many milliseconds. The timer is only ever given to the next two. */
  setTimeout(callback: () => void, milliseconds: number): unknown;
  /** Stops a timer. Harmless for one that has fired, and for `undefined`. */
  clearTimeout(timer: unknown): void;
  /** A number from 0 up to and without 1, as `Math.random` gives. */
  random(): number;
}

/** The runtime's own clock. The globals are looked up at each call, for whoever replaces them. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  random: () => Math.random(),
};

/** The longest that a timer can take, in milliseconds: a longer one would fire at once (HTML standard, section 8.6). */
export const LONGEST_TIMER: number = 2 ** 31 - 1;

/** Resolves after so many milliseconds. */
export function sleep(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => clock.setTimeout(resolve, milliseconds));
}

/**
 * The outcome of a promise, or, once so many milliseconds have passed, what `late` returns or throws. The timer never
 * outlives the promise. What comes of the promise after that is nobody's business.
 */
export function within<T, Late>(
  clock: Clock,
  milliseconds: number,
  promise: Promise<T>,
  late: () => Late,
): Promise<T | Late> {
  if (milliseconds > LONGEST_TIMER) return promise;
  let timer: unknown;
  const tooLong = new Promise<void>((resolve) => timer = clock.setTimeout(resolve, milliseconds)).then(late);
  return Promise.race([promise, tooLong]).finally(() => clock.clearTimeout(timer));
}

/** A time spread at random, so that many who wait do not come back together: from `from` to `to` times the given one. */
export function spread(clock: Clock, milliseconds: number, from: number, to: number): number {
  return milliseconds * (from + (to - from) * clock.random());
}
