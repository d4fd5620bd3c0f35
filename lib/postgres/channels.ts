/**
 * Names channels: a name may have 63 bytes, and what it stands for may be longer.
 *
 * @module
 */

/** A name that is short, and very seldom that of something else. */
export function channelOf(text: string): string {
  // Two hashes by the FNV-1a step, which begin and go on in different ways.
  let [a, b] = [0x811c9dc5, 0x050c5d1f];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code ^ (a >>> 13), 0x01000197);
  }
  return `tidings:${hex(a)}${hex(b)}`;
}

function hex(number: number): string {
  return (number >>> 0).toString(16).padStart(8, "0");
}
