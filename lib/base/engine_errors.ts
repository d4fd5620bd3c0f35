/**
 * Makes and reads the errors of engines, which say whether trying again may mend them.
 *
 * @module
 */

import { TidingsError } from "./errors.ts";

/** An error of an engine. One that trying again will not mend says so, to whoever would try again, by `permanent: true`. */
export function engineError(message: string, cause: unknown, permanent = false): TidingsError {
  const code = permanent ? "backplane-refused" : "backplane-unavailable";
  const error = new TidingsError(code, message, cause === undefined ? undefined : { cause });
  return permanent ? Object.assign(error, { permanent }) : error;
}

/** Whether trying again will not mend it: what an engine threw, ours or somebody else's. */
export function isPermanent(error: unknown): boolean {
  return (error as { permanent?: unknown } | null | undefined)?.permanent === true;
}

/** What a client's error says. Where it has no message, as some time-outs, its code or its kind says something. */
export function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.constructor.name);
}
