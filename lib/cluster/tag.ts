/**
 * Tells two messages apart that were given the same number: an engine that lost its end may give numbers once more.
 *
 * @module
 */

/** A short hash of a message id (FNV-1a, 32 bits, base 36). */
export function tagOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(36);
}
