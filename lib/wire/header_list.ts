/**
 * Adds to headers whose value is a list.
 *
 * @module
 */

/** Adds a value to the list, unless it is there or the list is `*`. */
export function append(headers: Headers, name: string, value: string): void {
  const values = headers.get(name)?.toLowerCase().split(/\s*,\s*/) ?? [];
  if (!values.includes(value.toLowerCase()) && !values.includes("*")) headers.append(name, value);
}
