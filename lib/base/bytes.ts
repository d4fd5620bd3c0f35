/**
 * Puts bytes together.
 *
 * @module
 */

/** The chunks one after the other, in a new array. */
export function concat(...chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const { byteLength } of chunks) length += byteLength;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.byteLength;
  }
  return joined;
}
