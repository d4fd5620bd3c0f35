/**
 * Answers an MCP client whose connection broke, on any process: {@linkcode resume}.
 *
 * @module
 */

import { checkNames, namesOf } from "../base/options.ts";
import type { ResumableStreams } from "../resumable/streams.ts";
import { createSSEResponse } from "../response/response.ts";
import { checkStreamOptions, STREAM_OPTIONS, type StreamOptions } from "../stream/options.ts";
import type { EventInput } from "../wire/event.ts";
import { checkStreams } from "./event_store.ts";
import { checkSession, type EventPlace, formatEventId, isSession, nameOf } from "./ids.ts";
import { findPlace, isMessage } from "./replay.ts";

const SESSION = "mcp-session-id";

/** Options of {@linkcode resume}. */
export interface ResumeOptions extends StreamOptions {
  /**
   * What the session's event store was given as `session`, if that is not the id that the client sends: the user's id and
   * the session's together, for example, so that whoever has learned the id of another user's session gets nothing by it.
   * Default: the header `Mcp-Session-Id`.
   */
  session?: string | undefined;
}

const OPTIONS = [
  ...STREAM_OPTIONS,
  ...namesOf<Omit<ResumeOptions, keyof StreamOptions>>({ session: true }),
];

/**
 * Answers a `GET` with `Last-Event-ID`, by which an MCP client goes on with a stream that broke: all that was stored since,
 * then what is new, until the call is answered. It needs no transport and no session of this process, whichever process
 * runs the call, so a load balancer may send it anywhere. Ask it before the SDK's transport, and after your own
 * authentication.
 *
 * The header `Mcp-Session-Id` names the session, and the id of another one's event is answered 400. A stream that has ended and was
 * read to its end is answered 204.
 *
 * @param streams Those that the event stores of the sessions have.
 * @returns `undefined`, if the request is another one, which the transport has to answer.
 * @throws {TidingsError} What the store refuses with, if it cannot be reached: answer 503 then.
 * @throws {TypeError} If an option is wrong, naming it.
 *
 * @example
 * ```ts
 * import { eventStore, resume } from "tidings/mcp";
 * import { ResumableStreams } from "tidings/resumable";
 *
 * const streams = new ResumableStreams();
 * // const handler = async (request: Request) => await resume(streams, request) ?? await transport.handleRequest(request);
 *
 * const events = eventStore(streams, { session: "7f1e3a52" });
 * const first = await events.storeEvent("call", { jsonrpc: "2.0", method: "notifications/progress" });
 * await events.storeEvent("call", { jsonrpc: "2.0", id: 1, result: {} });
 *
 * const headers = { "mcp-session-id": "7f1e3a52", "last-event-id": first };
 * const response = (await resume(streams, new Request("http://localhost/mcp", { headers })))!;
 * const text = await response.text();
 * if (!text.includes('data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n')) throw new Error(text);
 * await streams.close();
 * ```
 */
export async function resume(
  streams: ResumableStreams,
  request: Request,
  options: ResumeOptions = {},
): Promise<Response | undefined> {
  checkStreams(streams);
  checkNames("resume", options, OPTIONS);
  const { session: given, ...own } = options;
  checkStreamOptions(own);
  if (given !== undefined) checkSession(given);
  const lastEventId = request.headers.get("last-event-id");
  if (request.method !== "GET" || !lastEventId) return undefined;
  const id = request.headers.get(SESSION);
  if (!id) return refusal(400, -32000, "Bad Request: Mcp-Session-Id header is required");
  const session = given ?? id;
  if (!isSession(session)) return refusal(404, -32001, "Session not found");
  const place = await findPlace(streams, session, lastEventId);
  if (place === undefined) {
    return refusal(400, -32000, "Bad Request: Last-Event-ID is none of this session's, or no longer kept");
  }
  const status = await streams.status(nameOf(session, place.streamId));
  if (status !== undefined && status.state !== "running" && place.seq >= status.events) {
    return new Response(null, { status: 204, headers: { [SESSION]: id } });
  }
  const headers = new Headers(own.headers);
  headers.set(SESSION, id);
  return createSSEResponse(
    request,
    ({ signal }) => messages(streams, session, place, signal),
    { ...own, headers, final: false },
  );
}

async function* messages(
  streams: ResumableStreams,
  session: string,
  { streamId, cursor }: EventPlace,
  signal: AbortSignal,
): AsyncGenerator<EventInput, void> {
  const name = nameOf(session, streamId);
  for await (const event of streams.read(name, { after: cursor, signal })) {
    const id = formatEventId(streamId, event.id);
    if (isMessage(event)) yield { event: "message", id, data: event.data };
    // Clients pass over names that they do not know, and whoever looks at the stream sees that something is missing.
    else if (event.event === "gap") yield { event: "gap", id, data: event.data };
  }
}

/** The answer to a request that asks for what it cannot have, in the form that MCP clients know. */
function refusal(status: number, code: number, message: string): Response {
  return new Response(JSON.stringify({ jsonrpc: "2.0", error: { code, message }, id: null }), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store" },
  });
}
