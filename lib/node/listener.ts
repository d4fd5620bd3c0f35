/**
 * A fetch handler as a listener for Node's servers: `node:http`, `node:https`, and `node:http2`'s compatibility layer.
 *
 * @module
 */

import { functionOption, wrongOption } from "../options.ts";
import { type ErrorHandler, guard } from "./guard.ts";
import { isComplete } from "./ending.ts";
import { toRequest } from "./request.ts";
import { sendResponse } from "./send.ts";
import type { FetchHandler, NodeRequest, NodeResponse, SafeHandler } from "./types.ts";

/** A listener for `http.createServer()`, `https.createServer()` and `http2.createSecureServer()`. */
export type NodeListener = (request: NodeRequest, response: NodeResponse) => void;

/** Options of {@linkcode toNodeListener}. */
export interface ListenerOptions {
  /**
   * Told when the handler throws, or returns what is no `Response`. The client gets a bare 500 in any case. Default:
   * prints the error.
   */
  onError?: ErrorHandler | undefined;
}

// One for all: a reason made at the spot would remember its callers, and with them, on Node 18, every response.
const CLIENT_LEFT = new DOMException("The client left", "AbortError");

/**
 * Turns a fetch handler into a listener for Node's servers.
 *
 * The response is sent at the client's pace. `request.signal` is aborted, and the response's body cancelled, when the
 * client leaves before the response is complete, and never otherwise. Headers go out at once, even if the body is quiet.
 * A `HEAD` request's body is cancelled without being read.
 *
 * @param handler The fetch handler.
 * @param options See {@linkcode ListenerOptions}.
 * @throws {TypeError} If the handler or an option is of no use, naming it and the value received.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { createSSEResponse } from "@tidings/tidings";
 * import { toNodeListener } from "@tidings/tidings/node";
 *
 * const server = createServer(toNodeListener((request) => createSSEResponse(request, ["one", "two"])));
 * server.listen(0);
 * server.close();
 * ```
 */
export function toNodeListener(handler: FetchHandler, options: ListenerOptions = {}): NodeListener {
  if (typeof handler !== "function") throw wrongOption("handler", "a fetch handler", handler);
  return listen(guard(handler, functionOption("onError", options.onError)));
}

/** The same for a handler that is safe already. */
export function listen(answer: SafeHandler): NodeListener {
  return (incoming, outgoing) => {
    const leaving = new AbortController();
    let over = false;
    outgoing.once("close", () => {
      over = true;
      if (!isComplete(outgoing)) leaving.abort(CLIENT_LEFT);
    });
    const request = toRequest(incoming, outgoing, leaving.signal);
    if (request === undefined) {
      outgoing.statusCode = 400;
      outgoing.end();
      return;
    }
    answer(request).then((response) => {
      if (over) response.body?.cancel().catch(() => {});
      else return sendResponse(response, outgoing, incoming.method === "HEAD");
    });
  };
}
