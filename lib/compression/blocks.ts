/**
 * Packs chunks, each once for all clients that were sent the same before.
 *
 * Most clients of a feed are sent the same chunks one after the other. What a chunk has in common with the one before, the
 * names of fields above all, is not sent again: its block refers to that text (a "preset dictionary" to the compressor,
 * the last thing in its window to the client). Whoever comes in, or was sent something of its own in between, is handed a
 * block that refers to nothing, and is one of the many from the next chunk on. So a chunk is deflated twice at most, or
 * once more for each of a few groups.
 *
 * @module
 */

import { constants, deflateRawSync } from "node:zlib";
import { RecentMap } from "../base/recent.ts";
import { Appending, crc32 } from "./crc32.ts";

/** A chunk, and what it is packed. */
export interface Block {
  /** Unlike any other's; from 1 on. */
  readonly number: number;
  readonly chunk: Uint8Array;
  readonly crc: number;
  readonly appending: Appending;
  /** How many clients it was packed for. */
  uses: number;
  /** Packed without referring to anything. */
  alone: Uint8Array | undefined;
  /** What was asked for last: which block its client had before, and the bytes. */
  previous: number;
  packed: Uint8Array | undefined;
  /** Packed for those who had a certain block before. */
  readonly after: Map<number, Uint8Array>;
}

// RFC 1951, section 3.2.4: what one stored block can hold.
const LONGEST_STORED = 0xffff;
// How many chunks are kept, at least, that later ones may refer to: each topic's clients have chunks of their own.
const MOST_RECENT = 500;
// For how many groups of clients a chunk is packed by referring to what they have.
const MOST_GROUPS = 2;
// A text shorter than this, such as a keepalive, has nothing to refer to, nor would it gain by referring.
const SHORTEST = 32;
// How much of a chunk later ones may refer to, its end: with more there is next to nothing to gain.
const WINDOW = 4_096;

export class Blocks {
  readonly #level: number;
  readonly #threshold: number;
  // All clients get a chunk one after the other, so the last one is most often asked for; the others as long as they live.
  readonly #all = new WeakMap<Uint8Array, Block>();
  #last: Block | undefined;
  /** By number: the text of those that more than one client has, or its end. */
  readonly #recent = new RecentMap<number, Uint8Array>(MOST_RECENT);
  #count = 0;

  constructor(level: number, threshold: number) {
    this.#level = level;
    this.#threshold = threshold;
  }

  of(chunk: Uint8Array): Block {
    if (this.#last?.chunk === chunk) return this.#last;
    let block = this.#all.get(chunk);
    if (block === undefined) {
      block = {
        number: ++this.#count,
        chunk,
        crc: crc32(chunk),
        appending: new Appending(chunk.byteLength),
        uses: 0,
        alone: undefined,
        previous: -1,
        packed: undefined,
        after: new Map(),
      };
      this.#all.set(chunk, block);
    }
    return this.#last = block;
  }

  /** The bytes for a client to which the block with the number `previous` was sent before; 0 is none. */
  pack(block: Block, previous: number): Uint8Array {
    if (++block.uses === 2) this.#keep(block);
    if (block.previous === previous) return block.packed!;
    block.previous = previous;
    return block.packed = block.after.get(previous) ?? this.#refer(block, previous) ??
      (block.alone ??= this.#pack(block.chunk, undefined));
  }

  /** Packs it for one more group of clients, if there is such a group. */
  #refer(block: Block, previous: number): Uint8Array | undefined {
    const reference = this.#recent.get(previous);
    if (reference === undefined || block.after.size === MOST_GROUPS || block.chunk.byteLength < SHORTEST) {
      return undefined;
    }
    const bytes = this.#pack(block.chunk, reference);
    block.after.set(previous, bytes);
    return bytes;
  }

  #keep({ number, chunk }: Block): void {
    if (chunk.byteLength < SHORTEST) return;
    // Of a large one a copy, lest it be kept whole.
    this.#recent.set(number, chunk.byteLength > WINDOW ? chunk.slice(-WINDOW) : chunk);
  }

  #pack(chunk: Uint8Array, reference: Uint8Array | undefined): Uint8Array {
    const { byteLength: length } = chunk;
    const isTooSmall = reference === undefined && length < this.#threshold && length <= LONGEST_STORED;
    const deflated = isTooSmall ? undefined : this.#deflate(chunk, reference);
    // What cannot be made smaller is not made larger either.
    if (length <= LONGEST_STORED && (deflated === undefined || deflated.byteLength > length + 5)) {
      return store(chunk);
    }
    return deflated!;
  }

  #deflate(chunk: Uint8Array, dictionary: Uint8Array | undefined): Uint8Array {
    const options = {
      level: this.#level,
      // What comes out is seldom longer than what goes in, and the default would make 16 KB of room for it.
      chunkSize: Math.max(constants.Z_MIN_CHUNK, chunk.byteLength + 64),
      finishFlush: constants.Z_FULL_FLUSH,
    };
    // A copy, without the room that was left over: the block is kept for as long as the log keeps the chunk.
    return new Uint8Array(
      deflateRawSync(chunk, dictionary === undefined ? options : { ...options, dictionary }),
    );
  }
}

/** RFC 1951, section 3.2.4: not the last block, and stored: the length, its complement, the bytes. */
function store(chunk: Uint8Array): Uint8Array {
  const { byteLength: length } = chunk;
  const block = new Uint8Array(5 + length);
  const view = new DataView(block.buffer);
  view.setUint16(1, length, true);
  view.setUint16(3, ~length & 0xffff, true);
  block.set(chunk, 5);
  return block;
}
