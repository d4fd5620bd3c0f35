// How long to wait before the next attempt.

/** The part of time and chance that a client needs; a test hands in its own. */
export interface Clock {
  /** Milliseconds since any fixed moment, never going back. */
  now(): number;
  /** Calls back once after so many milliseconds, and returns what `clearTimeout` takes. */
  setTimeout(callback: () => void, milliseconds: number): unknown;
  /** Takes the call back. */
  clearTimeout(timer: unknown): void;
  /** A number from 0 to below 1. */
  random(): number;
}

/** The runtime's own. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer as number),
  random: () => Math.random(),
};

/** What a timer can take; a longer one would fire at once. */
export const MAX_TIMEOUT: number = 2 ** 31 - 1;

/** The milliseconds a response's `Retry-After` asks for, seconds or a date; 0 without one. RFC 9110, section 10.2.3. */
export function retryAfter(response: Response | undefined): number {
  const value = response?.headers.get("retry-after") ?? "";
  const wait = /^\d+$/.test(value) ? +value * 1000 : Date.parse(value) - Date.now();
  return wait > 0 ? wait : 0;
}

/**
 * Waits, and less when the network is back or the page is seen again: then only `least`, which the server asked for.
 *
 * @param onStart is given what ends the wait at once.
 */
export function pause(
  clock: Clock,
  least: number,
  extra: number,
  onStart: (stop: () => void) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const start = clock.now();
    const over = new AbortController();
    let timer: unknown;
    const stop = (): void => {
      clock.clearTimeout(timer);
      over.abort();
      resolve();
    };
    const arm = (milliseconds: number): void => {
      clock.clearTimeout(timer);
      timer = clock.setTimeout(stop, Math.min(Math.max(milliseconds, 0), MAX_TIMEOUT));
    };
    const hasten = (): void => {
      if (!globalThis.document?.hidden) arm(least + start - clock.now());
    };
    // Both are missing outside of browsers, the second in a worker too.
    globalThis.addEventListener?.("online", hasten, over);
    globalThis.document?.addEventListener("visibilitychange", hasten, over);
    arm(least + extra);
    onStart(stop);
  });
}
