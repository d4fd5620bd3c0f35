/**
 * Sends a web-standard response through Node's.
 *
 * @module
 */

import type { ServerResponse } from "node:http";
import { report } from "../base/errors.ts";
import { eventStreamOf } from "../stream/event_stream.ts";
import type { ResponseDeparture } from "./departure.ts";
import { cutOff } from "./ending.ts";
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
  const { body } = response;
  try {
    writeHead(response, outgoing);
  } catch (error) {
    // A header that this protocol cannot carry. Of a client that left in between there is nothing to tell.
    if (!outgoing.destroyed) report("a response could not be sent", error);
    cutOff(outgoing, true);
    await body?.cancel().catch(() => {});
    return;
  }
  if (body === null || isHead) {
    outgoing.end();
    await body?.cancel().catch(() => {});
    return;
  }
  await sendBody(body, outgoing, departure, direct);
}

function writeHead({ status, statusText, headers }: Response, outgoing: NodeResponse): void {
  const isHttp2 = "stream" in outgoing;
  const head: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    if (isHttp2 && HOP_BY_HOP.has(name)) continue;
    if (name === "set-cookie") ((head[name] ??= []) as string[]).push(value);
    else head[name] = value;
  }
  if (isHttp2 || statusText === "") (outgoing as ServerResponse).writeHead(status, head);
  else (outgoing as ServerResponse).writeHead(status, statusText, head);
}

async function sendBody(
  body: ReadableStream<Uint8Array>,
  outgoing: NodeResponse,
  departure: ResponseDeparture,
  direct: boolean,
): Promise<void> {
  const reader = body.getReader();
  // A write that found the socket full waits here for the drain, or for the client to leave.
  let goOn: (() => void) | undefined;
  const resume = () => goOn?.();
  const left = () => {
    // A pending read is resolved by this, with `done`.
    reader.cancel().catch(() => {});
    resume();
  };
  outgoing.on("drain", resume);
  outgoing.on("close", left);
  // The body failed, which the loop below finds out for itself, after what came before; but not while it waits for a
  // client that has stopped reading.
  reader.closed.catch(() => goOn !== undefined && cutOff(outgoing));
  // Headers wait for the first chunk, so that a short response is one packet, but no longer than this turn. HTTP/2 never
  // holds them back.
  if (!("stream" in outgoing)) setImmediate(() => outgoing.destroyed || outgoing.flushHeaders());
  // An event stream of ours writes to the response itself, once what waits in its body is sent.
  const events = eventStreamOf(body);
  try {
    for (;;) {
      if (events?.hungry) {
        outgoing.off("drain", resume);
        outgoing.off("close", left);
        departure.handOver(events);
        return events.redirect(new ResponseSink(events, outgoing, direct));
      }
      const { done, value } = await reader.read();
      if (outgoing.destroyed) return;
      if (done) return void outgoing.end();
      if (!(outgoing as ServerResponse).write(value)) {
        await new Promise<void>((resolve) => goOn = resolve);
        goOn = undefined;
      }
    }
  } catch {
    cutOff(outgoing);
  }
}
