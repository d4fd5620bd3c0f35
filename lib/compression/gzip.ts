/**
 * gzip, made once and shared: each chunk is deflated on its own, and closed with a full flush.
 *
 * A block that was closed so refers to nothing before it and ends at a whole byte, so the blocks of any chunks, put one
 * after the other in any order, are a valid stream. What differs from client to client is only the checksum at the very
 * end, and that is put together from the chunks' own.
 *
 * gzip and not "deflate", which has the cheaper checksum: proxies and content delivery networks ask servers for gzip alone,
 * and about the framing of "deflate" readers disagree.
 *
 * @module
 */

import { constants, deflateRawSync } from "node:zlib";
import type { Compression, StreamEncoder } from "../coding.ts";
import { numberOption, wrongOption } from "../options.ts";
import { Appending, crc32 } from "./crc32.ts";

/** Options of {@linkcode gzip}. */
export interface GzipOptions {
  /** How hard to try, from 1 to 9. Default: 6. */
  level?: number | undefined;
  /** The smallest chunk that is deflated, in bytes; smaller ones are wrapped only, in 5 bytes. Default: 100. */
  threshold?: number | undefined;
}

/** A chunk, packed. */
interface Block {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly crc: number;
  readonly appending: Appending;
}

// RFC 1952, section 2.3: deflated, no flags, no time, nothing said of the level, and no particular operating system.
const HEAD = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
// RFC 1951, section 3.2.4: what one stored block can hold.
const LONGEST_STORED = 0xffff;

/**
 * Packs event streams for the clients whose `Accept-Encoding` takes gzip: a chunk that goes to many is deflated once for
 * all of them, and no client has a compressor of its own.
 *
 * An event whose text holds a secret beside something that an attacker chose tells the secret by its size (the attack known
 * as BREACH): send such events over a stream without compression.
 *
 * @throws {TypeError} If an option is of no use, naming it and the value received.
 *
 * @example
 * ```ts
 * import { Broadcaster } from "@tidings/tidings";
 * import { gzip } from "@tidings/tidings/compression";
 *
 * const market = new Broadcaster({ compression: gzip() });
 *
 * const request = new Request("http://localhost/", { headers: { "accept-encoding": "gzip" } });
 * const response = market.subscribe(request);
 * if (response.headers.get("content-encoding") !== "gzip") throw new Error("not packed");
 * await market.close();
 * ```
 */
export function gzip(options: GzipOptions = {}): Compression {
  const { level = 6, threshold = 100 } = options;
  numberOption("level", level, { least: 1, unit: "levels" });
  if (level > 9) throw wrongOption("level", "from 1 to 9", level);
  numberOption("threshold", threshold, { least: 0, unit: "bytes" });
  // All clients get a chunk one after the other, so the last one is most often asked for; the others as long as they live.
  const blocks = new WeakMap<Uint8Array, Block>();
  let lastChunk: Uint8Array | undefined;
  let lastBlock!: Block;
  const blockOf = (chunk: Uint8Array): Block => {
    if (chunk === lastChunk) return lastBlock;
    let block = blocks.get(chunk);
    if (block === undefined) blocks.set(chunk, block = pack(chunk, level, threshold));
    lastChunk = chunk;
    return lastBlock = block;
  };
  return { encoding: "gzip", begin: () => new GzipEncoder(blockOf) };
}

class GzipEncoder implements StreamEncoder {
  readonly head: Uint8Array = HEAD;
  readonly #blockOf: (chunk: Uint8Array) => Block;
  #crc = 0;
  #length = 0;

  constructor(blockOf: (chunk: Uint8Array) => Block) {
    this.#blockOf = blockOf;
  }

  encode(chunk: Uint8Array): Uint8Array {
    const { bytes, length, crc, appending } = this.#blockOf(chunk);
    this.#crc = appending.combine(this.#crc, crc);
    // Modulo 2^32, as the standard has it.
    this.#length = (this.#length + length) >>> 0;
    return bytes;
  }

  tail(): Uint8Array {
    const tail = new Uint8Array(10);
    // The last block, which is empty.
    tail[0] = 3;
    const view = new DataView(tail.buffer);
    view.setUint32(2, this.#crc, true);
    view.setUint32(6, this.#length, true);
    return tail;
  }
}

function pack(chunk: Uint8Array, level: number, threshold: number): Block {
  const { byteLength: length } = chunk;
  let bytes = length < threshold && length <= LONGEST_STORED ? undefined : deflate(chunk, level);
  // What cannot be made smaller is not made larger either.
  if (length <= LONGEST_STORED && (bytes === undefined || bytes.byteLength > length + 5)) {
    bytes = store(chunk);
  }
  return { bytes: bytes!, length, crc: crc32(chunk), appending: new Appending(length) };
}

function deflate(chunk: Uint8Array, level: number): Uint8Array {
  return deflateRawSync(chunk, { level, finishFlush: constants.Z_FULL_FLUSH });
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
