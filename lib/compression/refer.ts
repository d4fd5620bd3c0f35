/**
 * Deflates a chunk by referring to text that its client has, also where the runtime's zlib cannot.
 *
 * Deno's `node:zlib` takes a preset dictionary and ignores it. A chunk that repeats what its client has is mostly references,
 * so a plain search and the fixed codes of RFC 1951 come close to what zlib makes of it.
 *
 * @module
 */

import { constants, deflateRawSync } from "node:zlib";

/** Whether the runtime's zlib refers to a dictionary: tried once, when it is first needed. */
let zlibRefers: boolean | undefined;

// Of a longer chunk zlib makes about as little by the codes that it makes for it alone, and in less time.
const LONGEST_SEARCHED = 16_384;

/** The chunk as blocks that end at a whole byte, which may refer to `reference`: what its client was sent right before. */
export function deflateAfter(reference: Uint8Array, chunk: Uint8Array, level: number): Uint8Array {
  zlibRefers ??= tryZlib();
  if (zlibRefers) return deflate(chunk, level, reference);
  const alone = deflate(chunk, level);
  return chunk.byteLength > LONGEST_SEARCHED ? alone : shorter(searchAfter(reference, chunk), alone);
}

/** The same, referring to nothing. */
export function deflate(chunk: Uint8Array, level: number, dictionary?: Uint8Array): Uint8Array {
  const options = {
    level,
    // What comes out is seldom longer than what goes in, and the default would make 16 KB of room for it.
    chunkSize: Math.max(constants.Z_MIN_CHUNK, chunk.byteLength + 64),
    finishFlush: constants.Z_FULL_FLUSH,
  };
  // A copy, without the room that was left over: the block is kept for as long as the log keeps the chunk.
  return new Uint8Array(
    deflateRawSync(chunk, dictionary === undefined ? options : { ...options, dictionary }),
  );
}

function tryZlib(): boolean {
  const text = Uint8Array.from({ length: 64 }, (_, i) => i);
  return deflate(text, 6, text).byteLength < deflate(text, 6).byteLength;
}

function shorter(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.byteLength < b.byteLength ? a : b;
}

// RFC 1951, section 3.2.5: how long a reference may be, and how many bits of its own each code of a length brings.
const SHORTEST_MATCH = 3;
const LONGEST_MATCH = 258;
const LENGTHS = ranges(SHORTEST_MATCH, [0, 0, 0, 0, 0, 0, 0, 0, ...steps(1, 5, 4)]);
const DISTANCES = ranges(1, [0, 0, 0, 0, ...steps(1, 13, 2)]);
// 258, the longest, has a code to itself.
const LONGEST_CODE = 285;
const END_OF_BLOCK = 256;

const HASH_BITS = 12;
// How many earlier places are looked at: later ones are seldom better, and none is nearer.
const MOST_PLACES = 32;

interface Range {
  readonly first: number;
  readonly extra: number;
}

/** Each number from `from` to `to`, `times` in a row. */
function steps(from: number, to: number, times: number): number[] {
  return Array.from({ length: (to - from + 1) * times }, (_, i) => from + Math.floor(i / times));
}

/** Codes one after the other, each with so many numbers as its extra bits tell apart. */
function ranges(first: number, extras: number[]): Range[] {
  return extras.map((extra) => {
    const range = { first, extra };
    first += 2 ** extra;
    return range;
  });
}

function rangeOf(all: readonly Range[], value: number): number {
  let code = all.length - 1;
  while (all[code]!.first > value) code--;
  return code;
}

/**
 * The chunk by the fixed codes, without zlib. RFC 1951, section 4: at each place the longest reference, unless the next
 * place has a longer one.
 */
export function searchAfter(reference: Uint8Array, chunk: Uint8Array): Uint8Array {
  const start = reference.byteLength;
  const text = new Uint8Array(start + chunk.byteLength);
  text.set(reference);
  text.set(chunk, start);
  const places = new Places(text);
  for (let at = 0; at < start; at++) places.add(at);
  const bits = new Bits(chunk.byteLength);
  // Not the last block, and by the fixed codes.
  bits.add(0b010, 3);
  for (let at = start; at < text.length;) {
    let match = places.longest(at);
    places.add(at);
    if (match.length >= SHORTEST_MATCH) {
      const next = places.longest(at + 1);
      if (next.length > match.length) match = NONE;
    }
    if (match.length < SHORTEST_MATCH) {
      bits.symbol(text[at++]!);
      continue;
    }
    bits.reference(match);
    for (const end = at + match.length; ++at < end;) places.add(at);
  }
  bits.symbol(END_OF_BLOCK);
  return bits.flushed();
}

interface Match {
  readonly length: number;
  readonly distance: number;
}

const NONE: Match = { length: 0, distance: 0 };

/** Where in a text three bytes were seen before, the latest first. */
class Places {
  readonly #text: Uint8Array;
  readonly #latest = new Int32Array(1 << HASH_BITS).fill(-1);
  readonly #earlier: Int32Array;

  constructor(text: Uint8Array) {
    this.#text = text;
    this.#earlier = new Int32Array(text.length);
  }

  add(at: number): void {
    const hash = this.#hash(at);
    this.#earlier[at] = this.#latest[hash]!;
    this.#latest[hash] = at;
  }

  longest(at: number): Match {
    const text = this.#text;
    const most = Math.min(LONGEST_MATCH, text.length - at);
    let best = NONE;
    let place = most < SHORTEST_MATCH ? -1 : this.#latest[this.#hash(at)]!;
    for (let tries = 0; place !== -1 && tries < MOST_PLACES; tries++, place = this.#earlier[place]!) {
      let length = 0;
      while (length < most && text[place + length] === text[at + length]) length++;
      if (length > best.length) best = { length, distance: at - place };
    }
    return best;
  }

  #hash(at: number): number {
    const three = this.#text[at]! << 16 | this.#text[at + 1]! << 8 | this.#text[at + 2]!;
    return Math.imul(three, 0x9e3779b1) >>> 32 - HASH_BITS;
  }
}

/** Bits in the order of RFC 1951, section 3.1.1: from the lowest of a byte on, but a code from its highest on. */
class Bits {
  readonly #bytes: Uint8Array;
  #length = 0;
  #pending = 0;
  #count = 0;

  /** A symbol takes nine bits at most, and a reference less than the bytes for which it stands. */
  constructor(symbols: number) {
    this.#bytes = new Uint8Array(Math.ceil(symbols * 9 / 8) + 16);
  }

  add(value: number, count: number): void {
    this.#pending |= value << this.#count;
    for (this.#count += count; this.#count >= 8; this.#count -= 8) {
      this.#bytes[this.#length++] = this.#pending & 0xff;
      this.#pending >>>= 8;
    }
  }

  /** RFC 1951, section 3.2.6: the fixed codes. */
  symbol(symbol: number): void {
    if (symbol < 144) this.#code(0x30 + symbol, 8);
    else if (symbol < 256) this.#code(0x190 + symbol - 144, 9);
    else if (symbol < 280) this.#code(symbol - 256, 7);
    else this.#code(0xc0 + symbol - 280, 8);
  }

  reference({ length, distance }: Match): void {
    if (length === LONGEST_MATCH) this.symbol(LONGEST_CODE);
    else {
      const code = rangeOf(LENGTHS, length);
      this.symbol(END_OF_BLOCK + 1 + code);
      this.add(length - LENGTHS[code]!.first, LENGTHS[code]!.extra);
    }
    const code = rangeOf(DISTANCES, distance);
    this.#code(code, 5);
    this.add(distance - DISTANCES[code]!.first, DISTANCES[code]!.extra);
  }

  /** All of it, and as zlib's flush does it a stored block of no bytes, which ends at a whole byte. */
  flushed(): Uint8Array {
    this.add(0, 3);
    if (this.#count > 0) this.add(0, 8 - this.#count);
    for (const byte of [0, 0, 0xff, 0xff]) this.add(byte, 8);
    return this.#bytes.slice(0, this.#length);
  }

  #code(code: number, count: number): void {
    let reversed = 0;
    for (let bit = 0; bit < count; bit++) reversed |= (code >>> bit & 1) << count - 1 - bit;
    this.add(reversed, count);
  }
}
