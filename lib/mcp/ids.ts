/**
 * Names the streams of an MCP session in the store, and writes and reads the ids of their events.
 *
 * The stream's name in the store holds the session's id, and an event's id does not: what an id leads to is looked up
 * under the session of the one who asks, so an id of another session leads nowhere.
 *
 * @module
 */

import { show } from "../base/errors.ts";
import { wrongOption } from "../base/options.ts";
import { parseCursor } from "../log/cursor.ts";

/** Where an event is: its stream in the session, and the place in there. */
export interface EventPlace {
  readonly streamId: string;
  /** The event's id in `ResumableStreams`. */
  readonly cursor: string;
  /** Its number. */
  readonly seq: number;
}

const PREFIX = "mcp/";
// A stream's name may have 200 characters. That leaves 44 for the stream's own id, of which the SDK's take 36.
const LONGEST_SESSION = 150;
// Untrusted input: nothing longer is even looked at.
const LONGEST_EVENT_ID = 200;

/** Whether this can be the id of a session. */
export function isSession(session: unknown): session is string {
  if (typeof session !== "string" || session === "") return false;
  return (encoded(session)?.length ?? Infinity) <= LONGEST_SESSION;
}

/**
 * Checks the option `session`.
 *
 * @throws {TypeError} Naming it.
 */
export function checkSession(session: unknown): void {
  if (isSession(session)) return;
  throw wrongOption(
    "session",
    `the session's id, a string of 1 to ${LONGEST_SESSION} characters; of a longer one, such as a JWT, pass a hash`,
    session,
  );
}

/**
 * The name of a session's stream in the store.
 *
 * @throws {TypeError} If the stream's id is of no use.
 */
export function nameOf(session: string, streamId: string): string {
  const stream = typeof streamId === "string" && streamId !== "" ? encoded(streamId) : undefined;
  const name = `${PREFIX}${encoded(session)}/${stream}`;
  if (stream !== undefined && name.length <= 200) return name;
  throw new TypeError(
    `A stream's id must be a string of at least 1 and some 40 characters, received ${show(streamId)}`,
  );
}

/** The id of an event, unique among all of its session. */
export function formatEventId(streamId: string, cursor: string): string {
  return `${cursor}.${encodeURIComponent(streamId)}`;
}

/** Reads what a client sent, strictly: `undefined` for anything that {@linkcode formatEventId} never wrote. */
export function parseEventId(id: string): EventPlace | undefined {
  if (typeof id !== "string" || id.length > LONGEST_EVENT_ID) return undefined;
  const dot = id.indexOf(".");
  if (dot === -1) return undefined;
  const cursor = id.slice(0, dot);
  const seq = parseCursor(cursor)?.seq;
  const streamId = decoded(id.slice(dot + 1));
  if (seq === undefined || !streamId || formatEventId(streamId, cursor) !== id) return undefined;
  return { streamId, cursor, seq };
}

/** `undefined` for half of a surrogate pair. */
function encoded(text: string): string | undefined {
  try {
    return encodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
