/**
 * Decides what a request for an event stream is answered with: a stream, or at once something shorter.
 *
 * @module
 */

import { preflight } from "../wire/cors.ts";
import { negotiateCoding } from "../wire/coding.ts";
import { lastEventId, streamHeaders } from "../wire/headers.ts";
import { hasLeft } from "./departure.ts";
import type { StreamOptions } from "./options.ts";

/** What the answer to a request begins with, where a stream is to follow. */
export interface StreamHead {
  readonly status: number;
  readonly headers: Headers;
  /** The last event ID that the client sent: untrusted. */
  readonly lastEventId: string | undefined;
}

/**
 * Answers a request as far as that needs no stream, in this order:
 *
 * - `OPTIONS`, where the option `cors` is set: it is a preflight, and gets 204;
 * - `HEAD`: it gets the headers that the stream would have, and no body;
 * - a client that has left, or an option `signal` that is aborted: an empty body, for nobody will read it.
 *
 * Any other request gets the head of its stream.
 *
 * @param query The name of a query parameter that may hold the last event ID: see {@linkcode lastEventId}.
 * @throws {TypeError} If there is no request, or an option `headers` would break the stream.
 */
export function answer(
  request: Request,
  options: StreamOptions,
  status: number,
  query?: string,
): Response | StreamHead {
  requireRequest(request);
  if (options.cors !== undefined && request.method === "OPTIONS") return preflight(request, options.cors);
  const headers = streamHeaders(request, options);
  if (request.method === "HEAD") {
    negotiateCoding(request, headers, options.compression);
    return new Response(null, { status, headers });
  }
  if (hasLeft(request) || options.signal?.aborted) return new Response("", { status, headers });
  return { status, headers, lastEventId: lastEventId(request, query) };
}

/**
 * Refuses what is no request.
 *
 * @throws {TypeError} Saying where one is to be had.
 */
export function requireRequest(request: Request): void {
  const headers: Partial<Headers> | undefined = request?.headers;
  if (typeof headers?.get === "function") return;
  const isOfNode = typeof headers === "object" && headers !== null;
  throw new TypeError(
    "The first argument must be the Request to answer" +
      (isOfNode
        ? ", received one of node:http, which Express, Fastify and Koa have too: let toNodeListener() of " +
          "tidings/node make the listener"
        : ": pass on what your fetch handler was given"),
  );
}

/** The first text of a stream: a comment, so that headers go out at once, and the reconnection time if one is set. */
export function prelude(retry: number | undefined): string {
  return retry === undefined ? ":\n\n" : `:\nretry: ${retry}\n\n`;
}
