/**
 * Waits for what is to happen, never for a time in which it may.
 *
 * @module
 */

// The real ones, whatever a test puts in their place later.
const { clearTimeout, setTimeout } = globalThis;
const now: () => number = performance.now.bind(performance);

/** How long anything may take that ought to take no time, in milliseconds: a busy machine is not a failure. */
export const PATIENCE = 15_000;

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the condition holds, which is asked for again after each `pause`. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
  ms: number = PATIENCE,
  pause = 2,
): Promise<void> {
  const deadline = now() + ms;
  while (!await holds()) {
    if (now() > deadline) throw new Error(`In ${ms} ms it did not come to this: ${what}`);
    await sleep(pause);
  }
}

/** The promise, or a failure if it takes too long. */
export async function within<T>(promise: Promise<T>, what: string, ms: number = PATIENCE): Promise<T> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`In ${ms} ms it did not come to this: ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer!);
  }
}

/** Waits until the value has not changed for `ms`, and gives it. */
export async function settled(value: () => number, ms = 300): Promise<number> {
  let last = value();
  let since = now();
  while (now() - since < ms) {
    await sleep(10);
    if (value() === last) continue;
    last = value();
    since = now();
  }
  return last;
}

/** A promise, and what resolves it. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => resolve = settle);
  return { promise, resolve };
}

/** What the function printed with `console.error`, which it prints no more. */
export async function errorsPrinted(run: () => Promise<void>): Promise<string[]> {
  const printed: string[] = [];
  const original = console.error;
  console.error = (...values: unknown[]) => void printed.push(values.map(String).join(" "));
  try {
    await run();
  } finally {
    console.error = original;
  }
  return printed;
}
