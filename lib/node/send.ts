/**
 * Sends a web-standard response through Node's.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import { concat } from "../base/bytes.ts";
import { report } from "../base/errors.ts";
import { textOf } from "../base/text_response.ts";
import { eventStreamOf } from "../stream/event_stream.ts";
import type { ResponseDeparture } from "./departure.ts";
import { cutOff } from "./ending.ts";
import { type Beginning, readAhead } from "./read_ahead.ts";
import type { NodeResponse } from "./types.ts";
import { ResponseSink } from "./response_sink.ts";

// One connection's business (RFC 9110, 7.6.1). HTTP/2 forbids them (RFC 9113, 8.2.2), and Node's layer throws on some.
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** Sends the response. Never rejects: whatever goes wrong ends in a body cancelled or a response cut off. */
export async function sendResponse(
  response: Response,
  outgoing: NodeResponse,
  { isHead, departure, direct }: { isHead: boolean; departure: ResponseDeparture; direct: boolean },
): Promise<void> {
  const text = isHead ? undefined : textOf(response);
  if (text !== undefined) {
    if (sendHead(response, outgoing, Buffer.byteLength(text))) (outgoing as ServerResponse).end(text);
    return;
  }
  const events = isHead ? undefined : eventStreamOf(response);
  if (events !== undefined) {
    // An event stream of ours writes to the response itself. If there is none any more, the departure ends it.
    departure.handOver(events);
    if (sendHead(response, outgoing)) events.redirect(new ResponseSink(events, outgoing, direct));
    return;
  }
  const { body } = response;
  if (body?.locked) return refuse(outgoing);
  if (body !== null && !isHead) return await sendBody(response, body, outgoing);
  if (sendHead(response, outgoing)) outgoing.end();
  await body?.cancel().catch(() => {});
}

/** Answers in the place of a response that somebody else is reading. */
function refuse(outgoing: NodeResponse): void {
  report(
    "a response could not be sent",
    new TypeError("Its body is being read by somebody else: return a copy"),
  );
  outgoing.statusCode = 500;
  (outgoing as ServerResponse).end("Internal Server Error");
}

/** False if the head cannot be sent, of which the operator is told. */
function sendHead(response: Response, outgoing: NodeResponse, length?: number): boolean {
  try {
    writeHead(response, outgoing, length);
    return true;
  } catch (error) {
    // A header that this protocol cannot carry. Of a client that left in between there is nothing to tell.
    if (!outgoing.destroyed) report("a response could not be sent", error);
    cutOff(outgoing, true);
    return false;
  }
}

/** @param length Of all of the body, in bytes, if it is known. */
function writeHead({ status, statusText, headers }: Response, outgoing: NodeResponse, length?: number): void {
  const isHttp2 = "stream" in outgoing;
  const head: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    if (isHttp2 && HOP_BY_HOP.has(name)) continue;
    if (name === "set-cookie") ((head[name] ??= []) as string[]).push(value);
    else head[name] = value;
  }
  if (length !== undefined && head["transfer-encoding"] === undefined) head["content-length"] ??= `${length}`;
  if (isHttp2 || statusText === "") (outgoing as ServerResponse).writeHead(status, head);
  else (outgoing as ServerResponse).writeHead(status, statusText, head);
}

async function sendBody(
  response: Response,
  body: ReadableStream<Uint8Array>,
  outgoing: NodeResponse,
): Promise<void> {
  const reader = body.getReader();
  // A write that found the socket full waits here for the drain, or for the client to leave.
  let goOn: (() => void) | undefined;
  const resume = () => goOn?.();
  // What is written to a client that has left would be an error that nobody listens to.
  const write = async (chunk: Uint8Array) => {
    if (outgoing.destroyed || (outgoing as ServerResponse).write(chunk)) return;
    await new Promise<void>((resolve) => goOn = resolve);
    goOn = undefined;
  };
  outgoing.on("drain", resume);
  outgoing.on("close", () => {
    // A pending read is resolved by this, with `done`.
    reader.cancel().catch(() => {});
    resume();
  });
  // The body failed, which the loop below finds out for itself, after what came before; but not while it waits for a
  // client that has stopped reading.
  reader.closed.catch(() => goOn !== undefined && cutOff(outgoing));
  const { chunks, size, rest } = await readAhead(reader);
  if (outgoing.destroyed) return;
  const isWhole = rest === undefined;
  if (!sendHead(response, outgoing, isWhole ? size : undefined)) return void reader.cancel().catch(() => {});
  if (isWhole) return end(outgoing as ServerResponse, chunks);
  // Headers go out with the first chunk, and at the end of this turn at the latest. With a length they go ahead, for the reason
  // that `end` gives. HTTP/2 never holds them back.
  if (!("stream" in outgoing)) {
    if (response.headers.has("content-length")) outgoing.flushHeaders();
    else setImmediate(() => outgoing.destroyed || outgoing.flushHeaders());
  }
  try {
    for (const chunk of chunks) await write(chunk);
    for (let next: Beginning["rest"] = rest;; next = undefined) {
      const { done, value } = await (next ?? reader.read());
      if (outgoing.destroyed) return;
      if (done) return void outgoing.end();
      await write(value);
    }
  } catch {
    cutOff(outgoing);
  }
}

/**
 * Sends all of a body, as text of one byte a character: so head and body are one write. And while an earlier response of the
 * connection is not over, Node (seen with 20) puts the head of a body of bytes before all that waits, a `100 Continue` too.
 */
function end(outgoing: ServerResponse, chunks: readonly Uint8Array[]): void {
  const [only = new Uint8Array(0)] = chunks;
  const { buffer, byteOffset, byteLength } = chunks.length > 1 ? concat(...chunks) : only;
  outgoing.end(Buffer.from(buffer, byteOffset, byteLength).toString("latin1"), "latin1");
}
