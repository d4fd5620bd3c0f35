/**
 * Turns Node's request into a web-standard one.
 *
 * @module
 */

import { DEPARTURE } from "../stream/departure.ts";
import { ABORT, type Abortable, type ResponseDeparture } from "./departure.ts";
import { parsedBody, wasRead } from "./parsed_body.ts";
import type { NodeRequest, NodeResponse } from "./types.ts";

// One for all: a reason made at the spot would remember its callers, and with them, on Node 18, every response.
const CLIENT_LEFT = new DOMException("The client left", "AbortError");

/** A request that knows of its client's departure. In all else it is a `Request`. */
class IncomingRequest extends Request implements Abortable {
  readonly [DEPARTURE]: ResponseDeparture;
  readonly #leaving: AbortController;

  constructor(url: string, init: RequestInit, departure: ResponseDeparture) {
    const leaving = new AbortController();
    super(url, { ...init, signal: leaving.signal });
    this.#leaving = leaving;
    this[DEPARTURE] = departure;
    departure.attach(this);
  }

  override get signal(): AbortSignal {
    // `Request` itself may look at it, while it is still being made.
    this[DEPARTURE]?.useSignal(this);
    return super.signal;
  }

  [ABORT](): void {
    this.#leaving.abort(CLIENT_LEFT);
  }
}

/** The request, or `undefined` if what the client sent cannot be one: no such URL, header or method. */
export function toRequest(
  incoming: NodeRequest,
  outgoing: NodeResponse,
  departure: ResponseDeparture,
): Request | undefined {
  const { method = "GET" } = incoming;
  try {
    const headers = headersOf(incoming);
    const init: RequestInit & { duplex?: "half" } = { method, headers };
    if (method !== "GET" && method !== "HEAD") {
      init.body = wasRead(incoming) ? parsedBody(incoming, headers) : bodyOf(incoming, outgoing, departure);
      init.duplex = "half";
    }
    return new IncomingRequest(urlOf(incoming, headers), init, departure);
  } catch {
    return undefined;
  }
}

/** @throws {TypeError} If the client did not name a place that is here. */
function urlOf(incoming: NodeRequest, headers: Headers): string {
  const { socket } = incoming;
  // A router of Express, or of what is made like it, cuts the path where it is mounted off the URL, and keeps the whole here.
  const { originalUrl } = incoming as { originalUrl?: unknown };
  const url = typeof originalUrl === "string" ? originalUrl : incoming.url ?? "/";
  const scheme = (socket as { encrypted?: boolean }).encrypted === true ? "https" : "http";
  // HTTP/1.0 needs no host, and it may be empty in HTTP/1.1: then the path must not become the host.
  const host = (incoming.headers[":authority"] as string | undefined) ?? headers.get("host") ?? "";
  // Nor may a host become a path, or what is before an "@". Two hosts have a blank between them here: whatever stands in
  // front of this server may have gone by the other one (RFC 9112, 3.2).
  if (/[\s/\\?#@]/.test(host)) throw new TypeError(`No host: ${host}`);
  const origin = `${scheme}://${host === "" ? "localhost" : host}`;
  // Put together and not resolved, or a path of two slashes would be taken for a host.
  if (url.startsWith("/")) return origin + url;
  // `OPTIONS *`, or what a proxy is sent.
  if (url !== "*" && !/^https?:\/\//i.test(url)) throw new TypeError(`No path: ${url}`);
  return new URL(url, origin).href;
}

function headersOf({ rawHeaders }: NodeRequest): Headers {
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    // HTTP/2's pseudo-headers are no headers to the web.
    if (!name.startsWith(":")) headers.append(name, rawHeaders[i + 1]!);
  }
  return headers;
}

/**
 * The body, read from the socket only as fast as the handler reads. What the handler leaves is read away, or neither its
 * answer nor the connection's next request would get through.
 */
function bodyOf(
  incoming: NodeRequest,
  outgoing: NodeResponse,
  departure: ResponseDeparture,
): ReadableStream<Uint8Array> {
  let over = false;
  let begun = false;
  let take!: (chunk: Uint8Array) => void;
  return new ReadableStream({
    start(controller) {
      const end = (error?: Error) => {
        if (over) return;
        over = true;
        if (error === undefined) controller.close();
        else controller.error(error);
      };
      take = (chunk) => {
        if (over) return;
        incoming.pause();
        controller.enqueue(chunk);
      };
      // Deno may end the response later, and as a complete one: the handler has answered to the body's failure by then.
      const left = (error: Error) => {
        end(error);
        departure.leave();
      };
      incoming.once("end", () => end());
      incoming.once("error", left);
      // An error costs more than all the rest, and most bodies have ended by then: here and below.
      const broken = () => {
        if (!over) left(new Error("The client left before it had sent all of the body"));
      };
      incoming.once("close", broken);
      // HTTP/2's layer says that it has finished only once the whole stream is closed, which waits for this.
      const response = "stream" in outgoing ? outgoing.stream : outgoing;
      response.once("finish", () => {
        // That layer finishes a response that the client has reset, too.
        if (!outgoing.writableEnded) broken();
        if (!over) end(new Error("The response is complete: read the request's body before that"));
        incoming.resume();
      });
    },
    pull() {
      // Not before: Node itself reads a body away that nobody began to read.
      if (!begun) incoming.on("data", take);
      begun = true;
      incoming.resume();
    },
    cancel() {
      over = true;
      incoming.resume();
    },
  }, { highWaterMark: 0 });
}
