// What a client needs of time and chance, as types.

/** The part of the global object that a client goes by; a test hands in its own. */
export interface Clock {
  /** `now()` gives the milliseconds since any fixed moment, never going back. */
  readonly performance: { now(): number };
  /** A number from 0 to below 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Calls back once after so many milliseconds, and returns what `clearTimeout` takes. */
  readonly setTimeout: (callback: () => void, milliseconds: number) => unknown;
  /** Takes the call back. */
  readonly clearTimeout: (timer: unknown) => void;
}
