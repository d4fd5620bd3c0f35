/**
 * Packs streams by gzip, each chunk once for all clients: it is deflated by itself, and closed with a full flush.
 *
 * Such a block ends at a whole byte and leaves nothing open, so blocks can be put one after the other, and are a valid
 * stream. What differs from client to client is the checksum at the very end, which is put together
 * from the chunks' own, and what came before: a block may refer to text that its client has, and so clients that were
 * handed the same chunks before are handed a block that refers to those (see {@linkcode Blocks}).
 *
 * gzip and not "deflate", which has the cheaper checksum: proxies and content delivery networks ask servers for gzip alone,
 * and about the framing of "deflate" readers disagree.
 *
 * @module
 */

import type { Compression, StreamEncoder } from "../wire/coding.ts";
import { checkNames, namesOf, numberOption, wrongOption } from "../base/options.ts";
import { Blocks, type Place } from "./blocks.ts";

/** Options of {@linkcode gzip}. */
export interface GzipOptions {
  /**
   * How hard to try, from 1 to 9. Default: 6. On Deno it says nothing of what a chunk takes over from those before it, which
   * its `node:zlib` cannot find.
   */
  level?: number | undefined;
  /**
   * The smallest chunk that is deflated, in bytes, where there is nothing that it could refer to; smaller ones are wrapped
   * only, in 5 bytes. Default: 100.
   */
  threshold?: number | undefined;
}

const OPTIONS = namesOf<GzipOptions>({ level: true, threshold: true });

// RFC 1952, section 2.3: deflated, no flags, no time, nothing said of the level, and no particular operating system.
const HEAD = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);

/**
 * Packs event streams for the clients whose `Accept-Encoding` takes gzip: a chunk that goes to many is deflated once for
 * all of them, and no client has a compressor of its own. What the last 4 kB before it said is not said again to those who
 * have it.
 *
 * Where a secret goes out close to something that an attacker chose, in one event or in some soon after one another, the
 * size tells of the secret (the attack known as BREACH): send such events over a stream without compression.
 *
 * @throws {TypeError} If an option is of no use, naming it and the value received.
 *
 * @example
 * ```ts
 * import { Broadcaster } from "tidings";
 * import { gzip } from "tidings/compression";
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
  checkNames("gzip", options, OPTIONS);
  const { level = 6, threshold = 100 } = options;
  numberOption("level", level, { least: 1, unit: "levels" });
  if (level > 9) throw wrongOption("level", "from 1 to 9", level);
  numberOption("threshold", threshold, { least: 0, unit: "bytes" });
  const blocks = new Blocks(level, threshold);
  return { encoding: "gzip", begin: () => new GzipEncoder(blocks) };
}

class GzipEncoder implements StreamEncoder {
  readonly head: Uint8Array = HEAD;
  readonly #blocks: Blocks;
  #crc = 0;
  #length = 0;
  readonly #place: Place = { last: 0, since: 0 };

  constructor(blocks: Blocks) {
    this.#blocks = blocks;
  }

  encode(chunk: Uint8Array): Uint8Array {
    const block = this.#blocks.of(chunk);
    this.#crc = block.appending.combine(this.#crc, block.crc);
    // Modulo 2^32, as the standard has it.
    this.#length = (this.#length + chunk.byteLength) >>> 0;
    return this.#blocks.pack(block, this.#place);
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
