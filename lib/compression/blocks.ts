/**
 * Packs chunks, each once for all clients that were sent the same before.
 *
 * Most clients of a feed are sent the same chunks one after the other. What a chunk has in common with those before it, the
 * names of fields above all, is not sent again: its block refers to that text (a "preset dictionary" to the compressor,
 * the last thing in its window to the client). A client's {@linkcode Place} says how much of that it has:
 *
 * - who has been there for long was sent all of the last {@linkcode WINDOW} bytes, and is handed a block that may refer to
 *   all of them;
 * - who has come since then, or was sent something of its own in between, has the chunk before in common with the others,
 *   and is handed a block that may refer to that one alone;
 * - who has just come is handed a block that refers to nothing.
 *
 * So a chunk is deflated three times at most, or once more for each of a few groups.
 *
 * @module
 */

import { concat } from "../base/bytes.ts";
import { RecentMap } from "../base/recent.ts";
import { Appending, crc32 } from "./crc32.ts";
import { deflate, deflateAfter } from "./refer.ts";

/** A chunk, and what it is packed. */
export interface Block {
  /** Unlike any other's; from 1 on. */
  readonly number: number;
  readonly chunk: Uint8Array;
  readonly crc: number;
  readonly appending: Appending;
  /** How many clients it was packed for. */
  uses: number;
  /** The block that most of its clients had before, by its number, which is lower; 0 as long as none is known. */
  before: number;
  /** Packed without referring to anything. */
  alone: Uint8Array | undefined;
  /** What was asked for last: to what it refers, and the bytes. */
  reference: Uint8Array | undefined;
  packed: Uint8Array | undefined;
  /** Packed by referring to a certain text. */
  readonly after: Map<Uint8Array, Uint8Array>;
}

/** What a client was sent. Numbers and no texts: a client that stalls keeps nothing alive. */
export interface Place {
  /** The number of its last block; 0 is none. */
  last: number;
  /** From which block on each one that it was sent came after the one that most had before. */
  since: number;
}

/** What later chunks may refer to. */
interface Kept {
  /** The end of the block's chunk. */
  readonly own: Uint8Array;
  /** It and those of the blocks before, each with its block's number. */
  readonly texts: readonly { readonly number: number; readonly own: Uint8Array }[];
  /** The texts one after the other. */
  readonly all: Uint8Array;
  /** The number of the first. */
  readonly from: number;
}

// RFC 1951, section 3.2.4: what one stored block can hold.
const LONGEST_STORED = 0xffff;
// How many chunks are kept, at least, that later ones may refer to: each topic's clients have chunks of their own.
const MOST_RECENT = 500;
// For how many groups of clients a chunk is packed by referring to what they have.
const MOST_GROUPS = 3;
// A text shorter than this, such as a keepalive, has nothing to refer to, nor would it gain by referring.
const SHORTEST = 32;
// How much text a chunk may refer to, in bytes: with eight times as much small events would take 5 % less.
const WINDOW = 4_096;

export class Blocks {
  readonly #level: number;
  readonly #threshold: number;
  // All clients get a chunk one after the other, so the last one is most often asked for; the others as long as they live.
  readonly #all = new WeakMap<Uint8Array, Block>();
  #last: Block | undefined;
  /** By number: the blocks that more than one client has. */
  readonly #recent = new RecentMap<number, Kept>(MOST_RECENT);
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
        before: 0,
        alone: undefined,
        reference: undefined,
        packed: undefined,
        after: new Map(),
      };
      this.#all.set(chunk, block);
    }
    return this.#last = block;
  }

  /** The bytes for a client, whose place is behind that block from then on. */
  pack(block: Block, place: Place): Uint8Array {
    const kept = this.#recent.get(place.last);
    // A block that was sent before, as a keepalive is, comes after none that is newer: numbers rise from block to block.
    if (block.before === 0 && kept !== undefined && place.last < block.number) block.before = place.last;
    if (++block.uses === 2) this.#keep(block);
    // Numbers rise, so a client that came in no later than the text begins was sent all of it.
    const reference = kept === undefined ? undefined : place.since <= kept.from ? kept.all : kept.own;
    if (place.last === 0 || block.before !== place.last) place.since = block.number;
    place.last = block.number;
    if (block.packed !== undefined && block.reference === reference) return block.packed;
    block.reference = reference;
    return block.packed = this.#refer(block, reference) ?? (block.alone ??= this.#alone(block.chunk));
  }

  /** Packs it for one more group of clients, if there is such a group. */
  #refer({ chunk, after }: Block, reference: Uint8Array | undefined): Uint8Array | undefined {
    if (reference === undefined || chunk.byteLength < SHORTEST) return undefined;
    let bytes = after.get(reference);
    if (bytes === undefined && after.size < MOST_GROUPS) {
      bytes = unlessLonger(chunk, deflateAfter(reference, chunk, this.#level));
      after.set(reference, bytes);
    }
    return bytes;
  }

  #keep({ number, chunk, before }: Block): void {
    if (chunk.byteLength < SHORTEST) return;
    // Of a large one a copy, lest it be kept whole.
    const own = chunk.byteLength > WINDOW ? chunk.slice(-WINDOW) : chunk;
    const texts = [...this.#recent.get(before)?.texts ?? [], { number, own }];
    // Whole ones only, so that it can be said who has all of them.
    let length = texts.reduce((sum, { own }) => sum + own.byteLength, 0);
    while (length > WINDOW) length -= texts.shift()!.own.byteLength;
    const all = texts.length === 1 ? own : concat(...texts.map(({ own }) => own));
    this.#recent.set(number, { own, all, from: texts[0]!.number, texts });
  }

  #alone(chunk: Uint8Array): Uint8Array {
    const { byteLength: length } = chunk;
    if (length < this.#threshold && length <= LONGEST_STORED) return store(chunk);
    return unlessLonger(chunk, deflate(chunk, this.#level));
  }
}

/** What cannot be made smaller is not made larger either. */
function unlessLonger(chunk: Uint8Array, deflated: Uint8Array): Uint8Array {
  const { byteLength: length } = chunk;
  return length <= LONGEST_STORED && deflated.byteLength > length + 5 ? store(chunk) : deflated;
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
