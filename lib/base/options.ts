/**
 * Checks of options, at construction: the message names the option and the value that was received.
 *
 * @module
 */

import { show } from "./errors.ts";

/** A wrong option is a programming mistake: a `TypeError` that names it. */
export function wrongOption(name: string, rule: string, value: unknown): TypeError {
  return new TypeError(`Option "${name}" must be ${rule}, received ${show(value)}`);
}

/** A number that is at least `least`; `Infinity` passes where `endless` says so. */
export function numberOption(
  name: string,
  value: number,
  { least, unit, whole = true, endless = false }: {
    least: number;
    unit: string;
    whole?: boolean;
    endless?: boolean;
  },
): number {
  const finite = whole ? Number.isSafeInteger(value) : Number.isFinite(value);
  if ((finite && value >= least) || (endless && value === Infinity)) return value;
  const kind = whole ? "a whole number" : "a number";
  throw wrongOption(name, `${kind} of ${unit}, at least ${least}${endless ? ", or Infinity" : ""}`, value);
}

/** A function, or nothing. */
export function functionOption<F>(name: string, value: F | undefined): F | undefined {
  if (value !== undefined && typeof value !== "function") throw wrongOption(name, "a function", value);
  return value;
}
