/**
 * Ends a Node response, and tells whether it was complete.
 *
 * @module
 */

import type { NodeResponse } from "./types.ts";

// How long what was written before a failure may take to reach the client, in milliseconds.
const LAST_WORDS = 1_000;

/**
 * Ends the response so that the client can tell it from a regular end: after what was written before, or at once, if it
 * is to be thrown away.
 */
export function cutOff(outgoing: NodeResponse, discard = false): void {
  // Without a code, HTTP/2 would report a regular end. RFC 9113, section 7: INTERNAL_ERROR.
  const cut = () => "stream" in outgoing ? outgoing.stream.close(2) : outgoing.destroy();
  if (discard) return void cut();
  if ("stream" in outgoing) {
    // A reset overtakes what is still to be written.
    outgoing.stream.write(new Uint8Array(0), cut);
  } else {
    // Without the last chunk, so it is cut off. Node holds back what one turn writes until that turn is over.
    setImmediate(() => outgoing.socket?.destroySoon());
  }
  setTimeout(cut, LAST_WORDS).unref();
}

/** Whether all of a response that is now closed was sent. */
export function isComplete(outgoing: NodeResponse): boolean {
  // HTTP/2's layer finishes a response that the client resets. By that it may give an error's code, or none.
  return outgoing.writableEnded && outgoing.writableFinished &&
    !("stream" in outgoing && outgoing.stream.rstCode !== 0);
}

/** Whether nothing can be sent any more. */
export function hasEnded(outgoing: NodeResponse): boolean {
  return "stream" in outgoing ? outgoing.stream.destroyed : outgoing.destroyed;
}
