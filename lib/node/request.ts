/**
 * Node's request as a web-standard one.
 *
 * @module
 */

import type { NodeRequest } from "./listener.ts";

/** The request, or `undefined` if what the client sent cannot be one: no such URL, header or method. */
export function toRequest(incoming: NodeRequest, signal: AbortSignal): Request | undefined {
  const { method = "GET" } = incoming;
  try {
    const init: RequestInit & { duplex?: "half" } = { method, headers: headersOf(incoming), signal };
    if (method !== "GET" && method !== "HEAD") {
      init.body = bodyOf(incoming);
      init.duplex = "half";
    }
    return new Request(urlOf(incoming), init);
  } catch {
    return undefined;
  }
}

/** @throws {TypeError} If the client did not name a place that is here. */
function urlOf(incoming: NodeRequest): string {
  const { socket, headers, url = "/" } = incoming;
  const scheme = (socket as { encrypted?: boolean }).encrypted === true ? "https" : "http";
  // HTTP/1.0 needs no host, and it may be empty in HTTP/1.1: then the path must not become the host.
  const host = (headers[":authority"] as string | undefined) ?? headers.host ?? "";
  // Nor may a host become a path, or what is before an "@".
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
 * Throws away what the handler did not read, once the response is complete: otherwise the socket would never be read to
 * its end, and stay.
 */
export function discardRest(incoming: NodeRequest): void {
  if (!incoming.complete) incoming.resume();
}

/** The body, read from the socket only as fast as the handler reads. */
function bodyOf(incoming: NodeRequest): ReadableStream<Uint8Array> {
  // A handler that has read enough must not end the socket: its response is still to be sent.
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array>;
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return?.();
    },
  }, { highWaterMark: 0 });
}
