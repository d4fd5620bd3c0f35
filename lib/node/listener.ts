/**
 * A fetch handler as a listener for Node's servers: `node:http`, `node:https`, and `node:http2`'s compatibility layer.
 *
 * @module
 */

import { booleanOption, checkNames, functionOption, namesOf } from "../base/options.ts";
import { type ErrorHandler, guard, requireHandler } from "./guard.ts";
import { ResponseDeparture } from "./departure.ts";
import { hasEnded } from "./ending.ts";
import { isTooLate, lingerAfter } from "./linger.ts";
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
  /**
   * Whether event streams over HTTP/1.1 are written straight to the socket, each chunk in a frame that is made once for all
   * clients; it is done only where this version of Node was seen to send the same bytes. `false` writes all to Node's
   * response: for who watches sockets, or looks for a fault. Nothing that a client sees depends on it. Default: `true`.
   */
  direct?: boolean | undefined;
}

const OPTIONS = namesOf<ListenerOptions>({ onError: true, direct: true });

/**
 * Turns a fetch handler into a listener for Node's servers.
 *
 * The response is sent at the client's pace. `request.signal` is aborted, and the response's body cancelled, when the
 * client leaves before the response is complete, and never otherwise. Headers go out at once, even if the body is quiet.
 * A `HEAD` request's body is cancelled without being read.
 *
 * It may stand inside a framework such as Express. In a router that is mounted somewhere, the request's URL is the one that
 * was asked for (`req.originalUrl`). A body that a parser has read before is handed on as that left it: the bytes in
 * `req.rawBody`, or else what is in `req.body`, text and bytes as they are and an object as JSON or as a form, by the content
 * type. Mount the listener before the parsers to get what was sent, byte for byte. A body that was read and is in neither
 * fails when it is read, and says so.
 *
 * @param handler The fetch handler.
 * @param options See {@linkcode ListenerOptions}.
 * @throws {TypeError} If the handler or an option is of no use, naming it and the value received.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { createSSEResponse } from "tidings";
 * import { toNodeListener } from "tidings/node";
 *
 * const server = createServer(toNodeListener((request) => createSSEResponse(request, ["one", "two"])));
 * server.listen(0);
 * server.close();
 * ```
 */
export function toNodeListener(handler: FetchHandler, options: ListenerOptions = {}): NodeListener {
  checkNames("toNodeListener", options, OPTIONS);
  const { onError, direct = true } = options;
  requireHandler(handler);
  booleanOption("direct", direct);
  return listen(guard(handler, functionOption("onError", onError)), direct);
}

/** The same for a handler that is safe already. */
export function listen(answer: SafeHandler, direct: boolean): NodeListener {
  return (incoming, outgoing) => {
    // The client left while whatever stands before this listener was busy. No event will tell of that any more.
    if (hasEnded(outgoing) || isTooLate(incoming)) return;
    const departure = new ResponseDeparture(outgoing);
    const request = toRequest(incoming, outgoing, departure);
    if (request === undefined) {
      outgoing.statusCode = 400;
      outgoing.end();
      return;
    }
    answer(request).then((response) => {
      if (departure.over) return void response.body?.cancel().catch(() => {});
      lingerAfter(incoming, outgoing);
      return sendResponse(response, outgoing, { isHead: incoming.method === "HEAD", departure, direct });
    });
  };
}
