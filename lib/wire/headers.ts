/**
 * Builds the headers of a response, and reads those of the request.
 *
 * @module
 */

import { wrongOption } from "../base/options.ts";
import type { HeadersSource } from "../base/web.ts";
import { allowOrigin, type CorsOptions } from "./cors.ts";

/** What a stream's headers depend on. */
export interface HeaderOptions {
  headers?: HeadersSource | undefined;
  cors?: CorsOptions | undefined;
}

/** What every event stream says of itself. */
const STREAM_HEADERS: [string, string][] = [
  ["content-type", "text/event-stream"],
  // no-transform: a proxy that compresses would also hold events back.
  ["cache-control", "no-cache, no-transform"],
  // nginx buffers a response until it ends; this turns that off for this one.
  ["x-accel-buffering", "no"],
];

// They speak of one hop's connection (RFC 9110, section 7.6.1), which is the server's to manage. Over HTTP/2 they are
// forbidden (RFC 9113, section 8.2.2), and Node's server crashes on `keep-alive`. A stream has no length either.
const NOT_OURS_TO_SET = ["connection", "keep-alive", "transfer-encoding", "upgrade", "content-length"];

/**
 * Builds a stream's headers: the defaults above, the caller's own over them, and those that let the request's page read.
 *
 * @throws {TypeError} If a header is given that would break the stream, named.
 */
export function streamHeaders(request: Request, options: HeaderOptions): Headers {
  const headers = options.headers === undefined
    ? new Headers(STREAM_HEADERS)
    : withDefaults(new Headers(options.headers));
  allowOrigin(headers, request, options.cors);
  return headers;
}

/** Adds the defaults to the caller's own headers, which must not break a stream. */
function withDefaults(headers: Headers): Headers {
  for (const name of NOT_OURS_TO_SET) {
    if (headers.has(name)) {
      throw wrongOption("headers", `without "${name}", which the server sets`, headers.get(name));
    }
  }
  for (const [name, value] of STREAM_HEADERS) if (!headers.has(name)) headers.set(name, value);
  const type = headers.get("content-type")!;
  if (!/^text\/event-stream\s*(;|$)/i.test(type)) {
    throw wrongOption("headers", 'without a content-type other than "text/event-stream"', type);
  }
  return headers;
}

/**
 * Reads `Last-Event-ID`, as text: browsers send its UTF-8 bytes, which most runtimes hand over as Latin-1.
 *
 * The client chose it: it says what the client claims to have seen, and proves nothing.
 *
 * @param query The name of a query parameter to look at if there is no such header.
 * @returns `undefined` if the client did not send one, or sent an empty one, which means the same.
 */
export function lastEventId(request: Request, query?: string): string | undefined {
  const raw = request.headers.get("last-event-id");
  if (raw === null || raw === "") {
    return (query !== undefined && new URL(request.url).searchParams.get(query)) || undefined;
  }
  let isAscii = true;
  const bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) {
    const code = raw.charCodeAt(i);
    // It is text already.
    if (code > 0xff) return raw;
    if (code > 0x7f) isAscii = false;
    bytes[i] = code;
  }
  if (isAscii) return raw;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // It was Latin-1 after all.
    return raw;
  }
}
