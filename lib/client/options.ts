// Checks of options. A wrong one is a mistake in the program, so it is a TypeError and is found at construction.

/** Throws unless the option is as it must be. */
export function requireOption(ok: boolean, name: string, what: string, value: unknown): void {
  if (!ok) throw new TypeError(`${name} must be ${what}, received ${value}`);
}

/** The option's value or its default, when that is a positive number; `Infinity` is one. */
export function positive(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  requireOption(typeof value === "number" && value > 0, name, "a positive number", value);
  return value;
}
