// Checks of options. A wrong one is a mistake in the program, so it is a TypeError and is found at construction.

/** The option's value or its default, when that is a positive number; `Infinity` is one. */
export function positive(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && value > 0) return value;
  throw new TypeError(`${name} must be a positive number, received ${String(value)}`);
}
