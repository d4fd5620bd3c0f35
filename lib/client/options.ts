// Checks of options. A wrong one is a mistake in the program, so it is a TypeError and is found at construction.

/**
 * Throws unless each value is of this type. A positive number may be `Infinity`.
 */
export function requireOptions(
  type: "string" | "function" | "positive number",
  options: Record<string, unknown>,
): void {
  for (const name in options) {
    const value = options[name];
    if (type !== (value as number > 0 && value === +value! ? "positive " : "") + typeof value) {
      throw new TypeError(`${name} must be a ${type}, received ${value}`);
    }
  }
}
