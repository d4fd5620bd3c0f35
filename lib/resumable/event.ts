/**
 * Turns what a source gives into frames as they are stored, and stored frames into what readers get.
 *
 * A stored frame has no id of ours: that is the stream's epoch and the event's sequence number, and is put in when the
 * frame is sent. If the source gave the event an id of its own, that stands first in the stored frame.
 *
 * @module
 */

import { createParser } from "../client/parse.ts";
import { show, TidingsError } from "../base/errors.ts";
import { formatCursor } from "../log/cursor.ts";
import { type Gap, RESERVED_NAMES } from "../log/gap.ts";
import type { StreamHead, StreamRecord } from "../store/store.ts";
import { encodeEvent, type EventInput, type ServerSentEvent } from "../wire/event.ts";

/** An event of a stream, as it is read without HTTP. */
export interface StoredEvent {
  /** Its id in the stream, which a reader may go on after. */
  readonly id: string;
  /** Its name; `"message"` if it was given none. */
  readonly event: string;
  /** Its data, as text. */
  readonly data: string;
  /** The last id that the source itself had given by then, `""` if none: where a source of another server can go on. */
  readonly sourceId: string;
}

/**
 * Encodes an event as it is stored.
 *
 * @param end The name of the event that tells of the end, which no other event may have; `false` if there is none.
 * @throws {TidingsError} With code `"invalid-event"`, if it cannot be sent unchanged.
 */
export function toFrame(input: EventInput, end: string | false): string {
  if (typeof input !== "object" || input === null) return encodeEvent(input);
  const { id, ...event } = input;
  refuseName(event, [...RESERVED_NAMES, end]);
  const frame = encodeEvent(event);
  // Encoded as an event of its own, it is checked like any other.
  return id === undefined ? frame : encodeEvent({ id }).slice(0, -1) + frame;
}

/** Encodes an event that came from another server, whose `gap` is as good as ours. */
export function relayedFrame(event: ServerSentEvent, end: string | false): string {
  refuseName(event, [end]);
  const { id, ...rest } = event;
  return id === undefined ? encodeEvent(rest) : encodeEvent({ id }).slice(0, -1) + encodeEvent(rest);
}

function refuseName({ event }: ServerSentEvent, names: readonly unknown[]): void {
  if (event === undefined || !names.includes(event)) return;
  throw new TidingsError(
    "invalid-event",
    `Event field "event" must not be a name that the stream itself uses, received ${show(event)}: ` +
      `give it another name, or set the option "end" to one`,
  );
}

/** A stored frame as it goes to a reader. */
export function sentFrame(epoch: string, { seq, frame }: StreamRecord): string {
  const rest = frame.startsWith("id: ") ? frame.slice(frame.indexOf("\n") + 1) : frame;
  return `id: ${formatCursor(epoch, seq)}\n${rest}`;
}

/** What a reader misses that has the events up to `cursor`, and goes on after `last`. */
export function gapTo({ epoch, first }: StreamHead, cursor: number, last: number): Gap {
  return {
    requested: formatCursor(epoch, cursor),
    resumedAt: formatCursor(epoch, last),
    reason: cursor + 1 < first ? "trimmed" : "lost",
  };
}

/** Reads stored frames back into events, for one reading in order. What is no event, such as a comment, is left out. */
export class FrameReader {
  readonly #epoch: string;
  readonly #found: Omit<StoredEvent, "id">[] = [];
  readonly #parser = createParser({
    onEvent: ({ event, data, lastEventId }) => this.#found.push({ event, data, sourceId: lastEventId }),
    maxEventSize: Infinity,
  });

  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  read({ seq, frame }: StreamRecord): StoredEvent | undefined {
    this.#parser.feed(frame);
    const event = this.#found.pop();
    return event && { id: formatCursor(this.#epoch, seq), ...event };
  }
}
