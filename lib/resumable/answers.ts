/**
 * Answers requests for streams that are none, or that there is nothing more of.
 *
 * @module
 */

import type { StreamHead } from "../store/store.ts";
import type { StreamHead as ResponseHead } from "../stream/answer.ts";
import { statusOf, type StreamSubscribeOptions } from "./options.ts";

/** Whether a cursor was given out by this stream. */
export function isOf(head: StreamHead, cursor: { epoch: string; seq: number } | undefined): boolean {
  if (cursor === undefined || cursor.epoch !== head.epoch) return false;
  return cursor.seq <= head.last + (head.state === "running" ? 0 : 1);
}

/** The answer where there is no such stream. */
export async function unknownAnswer(
  head: ResponseHead,
  { unknown }: StreamSubscribeOptions,
): Promise<Response> {
  const response = await unknown?.() ?? textResponse(404, "There is no such stream, or it is no longer kept");
  return withCors(response, head);
}

/** The answer to an id that is none of the stream's. */
export function strangerAnswer(head: ResponseHead): Response {
  const text = "Last-Event-ID is none of this stream's: leave it out to read from the beginning";
  return withCors(textResponse(400, text), head);
}

/** The answer to a client that has had all. */
export async function finishedAnswer(
  head: ResponseHead,
  stream: StreamHead,
  { finished }: StreamSubscribeOptions,
): Promise<Response> {
  return withCors(await finished?.(statusOf(stream)) ?? new Response(null, { status: 204 }), head);
}

function textResponse(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** Lets the page that may read the stream read this answer too. */
function withCors(response: Response, { headers }: ResponseHead): Response {
  const copy = new Response(response.body, response);
  for (const [name, value] of headers) {
    if ((name.startsWith("access-control-") || name === "vary") && !copy.headers.has(name)) {
      copy.headers.set(name, value);
    }
  }
  if (!copy.headers.has("cache-control")) copy.headers.set("cache-control", "no-store");
  return copy;
}
