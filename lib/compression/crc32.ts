/**
 * Computes the CRC-32 (RFC 1952, section 8) of text that was put together, from the sums of its parts.
 *
 * A CRC is the remainder of a polynomial over GF(2), so to append `n` bytes is to multiply by x^8n before the new part's own
 * remainder is added. Polynomials are written as in the CRC itself: the highest bit is x^0.
 *
 * @module
 */

import * as zlib from "node:zlib";

const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

/** The CRC-32 of some bytes. Node has it from 20.15 and 22.2 on; before that it is added up here. */
export const crc32: (bytes: Uint8Array) => number =
  (zlib as { crc32?: (bytes: Uint8Array) => number }).crc32 ?? addUp;

/** By a table, made when it is first needed. */
let table: Uint32Array | undefined;

/** The same without the runtime's help. */
export function addUp(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ POLYNOMIAL : byte >>> 1;
    return byte;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The product of two polynomials. */
function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = ONE; a !== 0; bit >>>= 1) {
    if (a & bit) {
      product ^= b;
      a ^= bit;
    }
    b = b & 1 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1;
  }
  return product >>> 0;
}

// x^8, x^16, x^32 …: for each bit of a length.
const powers: number[] = [0x00800000];

// From so many uses on a table is worth its making.
const FEW = 50;

/** What it is to have so many bytes appended: made once for a chunk, and applied to the sum of every client. */
export class Appending {
  readonly #factor: number;
  #uses = 0;
  /** The product of the factor and each byte at each of the four places. */
  #table: Uint32Array | undefined;

  constructor(length: number) {
    let factor = ONE;
    for (let bit = 0; length > 0; bit++, length >>>= 1) {
      if (powers[bit] === undefined) powers[bit] = multiply(powers[bit - 1]!, powers[bit - 1]!);
      if (length & 1) factor = multiply(powers[bit]!, factor);
    }
    this.#factor = factor;
  }

  /** The sum of a text to which a part of that length was appended, whose own sum is `part`. */
  combine(sum: number, part: number): number {
    const table = this.#table ?? this.#tabulate();
    if (table === undefined) return (multiply(this.#factor, sum) ^ part) >>> 0;
    return (table[sum & 0xff]! ^ table[256 + (sum >>> 8 & 0xff)]! ^ table[512 + (sum >>> 16 & 0xff)]! ^
      table[768 + (sum >>> 24)]! ^ part) >>> 0;
  }

  #tabulate(): Uint32Array | undefined {
    if (++this.#uses < FEW) return undefined;
    const table = new Uint32Array(4 * 256);
    // Multiplication is linear: a byte's product is the sum of its bits'.
    for (let bit = 0; bit < 32; bit++) {
      const start = (bit >>> 3) * 256;
      const value = 1 << (bit & 7);
      const product = multiply(this.#factor, (1 << bit) >>> 0);
      for (let lower = 0; lower < value; lower++) {
        table[start + value + lower] = table[start + lower]! ^ product;
      }
    }
    return this.#table = table;
  }
}
