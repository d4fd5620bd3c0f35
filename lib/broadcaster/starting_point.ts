/**
 * Says in a header where the stream of a client that came back goes on.
 *
 * @module
 */

import { EARLIEST } from "../log/cursor.ts";
import type { EventLog } from "../log/log.ts";
import type { Replay, Start } from "../log/sequencer.ts";

// deno-lint-ignore no-control-regex
const NOT_IN_A_HEADER = /[\0-\x1f\x7f]/;

const utf8 = new TextEncoder();

/**
 * The id of the event before the first one that the client gets, or `earliest` if none that is kept comes before.
 *
 * @param asked The id that the client sent, untrusted.
 * @param place Where it goes on, if that is known.
 */
export function startingPoint(asked: string, place: Start | Replay | undefined, log: EventLog): string {
  if (asked === EARLIEST) return EARLIEST;
  // Text that comes before the events is a gap: the place is another one.
  const isElsewhere = place !== undefined && "cursor" in place && place.opening !== "";
  if (isElsewhere) return place.cursor < log.oldest ? EARLIEST : toHeader(log.idAt(place.cursor));
  return toHeader(asked);
}

/** As the value of a header, which holds bytes: UTF-8, as browsers send an id. */
function toHeader(id: string): string {
  if (NOT_IN_A_HEADER.test(id)) return EARLIEST;
  let text = "";
  for (const byte of utf8.encode(id)) text += String.fromCharCode(byte);
  return text;
}
