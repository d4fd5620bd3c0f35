// Compares content codings whose blocks many clients can share: bytes and time a chunk, of the trades of (j).
//
//   node bench/codings.mjs     Node 22.15 or later for zstd
import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import { Trades } from "./server/messages.mjs";

const TURNS = 300;
// As lib/compression/blocks.ts has it.
const WINDOW = 4_096;
const { constants } = zlib;

/** Each packs a chunk for clients that have the text before it. */
const ways = {
  "gzip, each chunk alone": (chunk) => zlib.deflateRawSync(chunk, { finishFlush: constants.Z_FULL_FLUSH }),
  "gzip, referring to what was sent": (chunk, before) =>
    zlib.deflateRawSync(chunk, { finishFlush: constants.Z_FULL_FLUSH, dictionary: before }),
  // RFC 8878, section 3.1: frames one after the other are a stream; none may refer to another.
  "zstd, a frame a chunk": zlib.zstdCompressSync,
  // For comparison alone: no client could read two of these one after the other.
  "brotli, each chunk alone": (chunk) =>
    zlib.brotliCompressSync(chunk, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
};

const rows = [];
for (const perTurn of [1, 20]) {
  const trades = new Trades();
  const chunks = Array.from({ length: TURNS }, () => {
    const events = Array.from({ length: perTurn }, () => trades.next());
    return Buffer.from(
      events.map(({ id, data }) => `id: mx0lo5c7n1dn1w-${id}\ndata: ${JSON.stringify(data)}\n\n`).join(""),
    );
  });
  for (const [way, pack] of [["as it is", (chunk) => chunk], ...Object.entries(ways)]) {
    if (pack === undefined) continue;
    let before = Buffer.alloc(1);
    let bytes = 0;
    const from = performance.now();
    for (const chunk of chunks) {
      bytes += pack(chunk, before).length;
      before = Buffer.concat([before, chunk]).subarray(-WINDOW);
    }
    rows.push({
      "trades a turn": perTurn,
      way,
      "bytes a trade": (bytes / TURNS / perTurn).toFixed(1),
      "µs a chunk": ((performance.now() - from) * 1000 / TURNS).toFixed(0),
    });
  }
}
console.table(rows);
