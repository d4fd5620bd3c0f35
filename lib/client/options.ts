// Checks of options. A wrong one is a mistake in the program, so it is a TypeError and is found at construction.

/**
 * Throws unless each value is of this type, and a number is positive, which `Infinity` is.
 *
 * @param group what stands before the name of each.
 */
export function requireOptions(
  type: "string" | "function" | "number",
  options: Record<string, unknown>,
  group = "",
): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value !== type || (type === "number" && !(value as number > 0))) {
      throw new TypeError(
        `${group}${name} must be a ${type === "number" ? "positive " : ""}${type}, received ${value}`,
      );
    }
  }
}
