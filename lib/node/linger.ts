/**
 * Ends a connection in whose request the client is still sending so that the client can read the answer.
 *
 * @module
 */

import type { NodeRequest, NodeResponse } from "./types.ts";

// How long the client may send on after an answer that ends its connection, in milliseconds.
const LINGER = 2_000;

// Connections whose last answer is sent.
const lingering = new WeakSet<object>();

/**
 * Sees to it that, if this response ends the connection before the request has come to its end, what the client still sends
 * is read away for a moment. A connection that is closed at once would be reset, and its client might lose the answer
 * (RFC 9112, section 9.6).
 */
export function lingerAfter(incoming: NodeRequest, outgoing: NodeResponse): void {
  if ("stream" in outgoing || incoming.complete) return;
  const { socket } = outgoing;
  // A runtime that only looks like Node ends connections in its own way.
  if (typeof socket?.destroySoon !== "function") return;
  const close = socket.destroySoon;
  // Node calls it once the last response of a connection is sent.
  socket.destroySoon = () => {
    socket.destroySoon = close;
    if (incoming.complete) return socket.destroySoon();
    lingering.add(socket);
    socket.end();
    const timer = setTimeout(() => socket.destroy(), LINGER);
    socket.once("close", () => clearTimeout(timer));
    incoming.once("end", () => socket.destroySoon());
    incoming.resume();
  };
  outgoing.once("close", () => {
    if (!lingering.has(socket)) socket.destroySoon = close;
  });
}

/** Whether a request came after the answer that ended its connection: nothing may be done for it. */
export function isTooLate({ socket }: NodeRequest): boolean {
  return lingering.has(socket);
}
