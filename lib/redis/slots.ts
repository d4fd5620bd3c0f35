/**
 * Computes the slot of a key in a Redis Cluster: which of 16,384 parts of the data it belongs to.
 *
 * @module
 */

const SLOTS = 16_384;
const encoder = new TextEncoder();

/** CRC-16/XMODEM, which is what Redis hashes keys by. */
export function crc16(text: string): number {
  let sum = 0;
  for (const byte of encoder.encode(text)) {
    sum ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) sum = sum & 0x8000 ? (sum << 1) ^ 0x1021 : sum << 1;
    sum &= 0xffff;
  }
  return sum;
}

/** The slot of a key. Keys with the same text in their first braces, the hash tag, lie in the same one. */
export function slotOf(key: string): number {
  return crc16(hashTag(key) ?? key) % SLOTS;
}

/** What stands in the first braces of a key, if that is a hash tag: empty braces are none. */
export function hashTag(key: string): string | undefined {
  const open = key.indexOf("{");
  const close = key.indexOf("}", open + 1);
  return open < 0 || close <= open + 1 ? undefined : key.slice(open + 1, close);
}
