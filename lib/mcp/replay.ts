/**
 * Reads the messages of an MCP session's stream back from the store.
 *
 * @module
 */

import { TidingsError } from "../base/errors.ts";
import { parseCursor } from "../log/cursor.ts";
import type { StoredEvent } from "../resumable/event.ts";
import type { ResumableStreams } from "../resumable/streams.ts";
import { type EventPlace, nameOf, parseEventId } from "./ids.ts";

/** Where an id leads to in this session; `undefined` if it is none of it, or what it named is no longer kept. */
export async function findPlace(
  streams: ResumableStreams,
  session: string,
  eventId: string,
): Promise<EventPlace | undefined> {
  const place = parseEventId(eventId);
  if (place === undefined) return undefined;
  try {
    // It checks the id, and reads nothing.
    const checking = streams.read(nameOf(session, place.streamId), {
      after: place.cursor,
      signal: AbortSignal.abort(),
    });
    await checking.next();
    return place;
  } catch (error) {
    const isUnknown = error instanceof TypeError ||
      error instanceof TidingsError && (error.code === "stream-unknown" || error.code === "stream-cursor");
    if (isUnknown) return undefined;
    throw error;
  }
}

/** Whether this is a message, and not a priming event, which only gave an id to go on after, nor the end. */
export function isMessage({ event, data }: StoredEvent): boolean {
  return event === "message" && data !== "";
}

/** The number of an event in its stream. */
export function seqOf({ id }: StoredEvent): number {
  return parseCursor(id)!.seq;
}
