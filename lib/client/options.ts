/**
 * Checks options of the client. A wrong one is a mistake in the program, so it is a `TypeError`, and found at construction.
 *
 * @module
 */

/** Throws unless each value is a positive number, which may be `Infinity`. */
export function requirePositive(options: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== "number" || !(value > 0)) {
      throw new TypeError(`${name} must be a positive number, received ${value}`);
    }
  }
}
