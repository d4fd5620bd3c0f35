/**
 * Checks options of the client. A wrong one is a mistake in the program, so it is a `TypeError`, and found at construction.
 *
 * The server's checks (`base/options.ts`) say which option was meant, in 600 bytes more. Pages load these.
 *
 * @module
 */

/**
 * Throws for a name that is not known: a misspelt option would be ignored without a word. `undefined` counts as left out.
 *
 * @param names The names that are known, with blanks between them.
 */
export function checkNames(options: object, names: string): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && !names.split(" ").includes(name)) {
      throw new TypeError(`Unknown option "${name}", known are ${names}`);
    }
  }
}

/** Throws unless each value is a positive number, which may be `Infinity`. */
export function requirePositive(options: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== "number" || !(value > 0)) {
      const received = typeof value === "string" ? `"${value}"` : String(value);
      throw new TypeError(`${name} must be a positive number, received ${received}`);
    }
  }
}
