/**
 * Negotiates the content coding of a stream (RFC 9110, section 8.4.1).
 *
 * {@linkcode Compression} is what a packer must offer. The one that there is, `gzip()`, is in `tidings/compression`, since it needs the runtimes' `node:zlib`.
 *
 * @module
 */

import { append } from "./header_list.ts";
import { wrongOption } from "../base/options.ts";

/** One stream's packing. */
export interface StreamEncoder {
  /** What comes before the first chunk. */
  readonly head: Uint8Array;
  /** Packs the next chunk, so that the client can unpack it without waiting for another. */
  encode(chunk: Uint8Array): Uint8Array;
  /** What comes after the last chunk, and tells the client that nothing is missing. */
  tail(): Uint8Array;
}

/** A way to pack streams. */
export interface Compression {
  /** Its name in `Accept-Encoding` and `Content-Encoding`. */
  readonly encoding: string;
  /** Begins a stream. */
  begin(): StreamEncoder;
}

/**
 * Checks the option `compression`.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkCompression(compression: Compression | undefined): void {
  if (compression === undefined || typeof compression?.begin === "function") return;
  throw wrongOption("compression", 'what gzip() of "tidings/compression" makes', compression);
}

/**
 * Decides whether a stream is packed: if its client takes that, and its content is not packed already. The headers then
 * say so.
 */
export function negotiateCoding(
  request: Request,
  headers: Headers,
  compression: Compression | undefined,
): compression is Compression {
  if (compression === undefined || headers.has("content-encoding")) return false;
  // Also where it is not packed: a cache must not hand that to somebody else either.
  append(headers, "vary", "Accept-Encoding");
  if (!accepts(request.headers.get("accept-encoding"), compression.encoding)) return false;
  headers.set("content-encoding", compression.encoding);
  return true;
}

/** Whether a client takes a coding, by RFC 9110, section 12.5.3. One that says nothing is not asked to unpack. */
function accepts(header: string | null, encoding: string): boolean {
  let wildcard = false;
  for (const item of header?.toLowerCase().split(",") ?? []) {
    const [name, ...parameters] = item.split(";").map((part) => part.trim());
    const quality = parameters.find((parameter) => parameter.startsWith("q="));
    const isWanted = quality === undefined || Number(quality.slice(2)) > 0;
    if (name === encoding) return isWanted;
    if (name === "*") wildcard = isWanted;
  }
  return wildcard;
}
