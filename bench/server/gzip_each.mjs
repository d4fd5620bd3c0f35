// Compression as it is done where a library has none for event streams: a compressor for each client, flushed after each
// write. `CompressionStream` cannot be flushed, and would hold events back.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";

/** The response, its body packed for its one client. */
export function gzipEach(response) {
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  // A client that leaves is no failure.
  pipeline(Readable.fromWeb(response.body), gzip).catch(() => {});
  const headers = new Headers(response.headers);
  headers.set("content-encoding", "gzip");
  return new Response(Readable.toWeb(gzip), { status: response.status, headers });
}
