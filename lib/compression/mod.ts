/**
 * Compresses event streams: each chunk is packed once, and shared by all clients.
 *
 * Works wherever there is `node:zlib`: Node, Bun and Deno.
 *
 * @example
 * ```ts
 * import { Broadcaster } from "tidings";
 * import { gzip } from "tidings/compression";
 *
 * const prices = new Broadcaster({ compression: gzip({ level: 6 }) });
 * await prices.close();
 * ```
 *
 * @module
 */

export { gzip, type GzipOptions } from "./gzip.ts";
export type { Compression, StreamEncoder } from "../wire/coding.ts";
