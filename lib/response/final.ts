/**
 * Ends a stream for good: its client is given an id, and where it comes back with that it is told to stop.
 *
 * An `EventSource` reconnects whenever a response ends, and would have the source run from its beginning again; only the
 * answer 204 stops it (HTML standard, section 9.2.3). So that no server has to remember who has had all, the client carries
 * it, as the last event ID.
 *
 * @module
 */

import { encodeEvent } from "../wire/event.ts";
import { END } from "../wire/names.ts";

/** The last event of a stream that is over. It has a `data` line because Firefox ignores an id without one. */
export const FINAL_FRAME: Uint8Array = new TextEncoder().encode(
  encodeEvent({ event: END, id: END, data: "" }),
);

/** Whether this client has had all of its stream. */
export function isOver(lastEventId: string | undefined): boolean {
  return lastEventId === END;
}

/** The answer to it, with the headers that its stream would have had. */
export function stopped(headers: Headers): Response {
  headers.delete("content-type");
  return new Response(null, { status: 204, headers });
}
