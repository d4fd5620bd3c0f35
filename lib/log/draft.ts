/**
 * From what is published to what the log takes: the checks that a Broadcaster makes beyond those of the wire.
 *
 * @module
 */

import { show, TidingsError } from "../base/errors.ts";
import { encodeEvent, type ServerSentEvent } from "../wire/event.ts";
import type { Draft } from "./log.ts";
import type { PublishFields } from "./typed.ts";

// The two names that this library sends itself.
const RESERVED: readonly unknown[] = ["gap", "tidings-cursor"];

const encoder = new TextEncoder();

/** What `publish()` takes, its types forgotten. */
export type PublishableEvent = string | (ServerSentEvent & PublishFields);

/**
 * Checks and encodes an event.
 *
 * @param id The id it is given.
 * @param largest Bytes that its frame may take.
 * @throws {TidingsError} With code `"invalid-event"`, naming the field and the value received.
 */
export function toDraft(
  input: PublishableEvent,
  id: string,
  largest: number,
): Draft {
  const event = typeof input === "string" ? { data: input } : input;
  if (typeof event !== "object" || event === null) refuse("event", "must be an object or a string", event);
  const { topic, key, retry, data, event: name } = event;
  if (event.id !== undefined) {
    refuse("id", "must be left out: a broadcaster numbers its events itself", event.id);
  }
  if (RESERVED.includes(name)) refuse("event", "must not be a name that tidings sends itself", name);
  if (topic !== undefined && (typeof topic !== "string" || topic === "")) {
    refuse("topic", "must be a string that is not empty", topic);
  }
  if (key !== undefined && typeof key !== "string") refuse("key", "must be a string", key);

  // An id without data would not be dispatched; an event of nothing at all is refused by the encoder.
  const frame = encodeEvent(
    name === undefined && data === undefined ? { retry } : { event: name, data, retry, id },
  );
  // A character is one to three bytes: only what may be too large is measured.
  if (frame.length * 3 > largest && encoder.encode(frame).byteLength > largest) {
    throw new TidingsError(
      "invalid-event",
      `The event takes more than the ${largest} bytes of the option "history.bytes": raise that, or send less`,
    );
  }
  return { id, topic, key, event, frame };
}

function refuse(field: string, rule: string, value: unknown): never {
  throw new TidingsError("invalid-event", `Event field "${field}" ${rule}, received ${show(value)}`);
}
