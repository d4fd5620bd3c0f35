// Checks of options. A wrong one is a mistake in the program, so it is a TypeError and is found at construction.

/** Throws unless each value is a positive number, which may be `Infinity`. */
export function requirePositive(options: Record<string, unknown>): void {
  for (const name in options) {
    const value = options[name];
    if (!(value as number > 0 && value === +value!)) {
      throw new TypeError(`${name} must be a positive number, received ${value}`);
    }
  }
}
