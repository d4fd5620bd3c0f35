/**
 * Checks and encodes what is published, as the log takes it.
 *
 * @module
 */

import { show, TidingsError } from "../base/errors.ts";
import { encodeFrame, noEvent, unknownField } from "../wire/event.ts";
import { EARLIEST } from "./cursor.ts";
import { RESERVED_NAMES } from "./gap.ts";
import type { Draft } from "./log.ts";
import type { PublishableEvent } from "./typed.ts";

const FIELDS: readonly string[] = ["data", "event", "topic", "key", "retry", "id"];

const utf8 = new TextEncoder();

/**
 * Checks and encodes an event.
 *
 * @param id The id it is given.
 * @param largest Bytes that its frame may take.
 * @param isOfLog Whether a text could be an id that the log gives: an event's own must not be taken for one.
 * @throws {TidingsError} With code `"invalid-event"`, naming the field and the value received.
 */
export function toDraft(
  input: PublishableEvent,
  id: string,
  largest: number,
  isOfLog: (text: string) => boolean,
): Draft {
  const event = typeof input === "string" ? { data: input } : input;
  if (typeof event !== "object" || event === null) throw noEvent(event);
  for (const field in event) {
    // Compared one by one, since this is done for each event: a list would have to be searched.
    if (
      field !== "data" && field !== "event" && field !== "topic" && field !== "key" && field !== "retry" &&
      field !== "id" && (event as Record<string, unknown>)[field] !== undefined
    ) throw unknownField(field, FIELDS);
  }
  const { topic, key, retry, data, event: name, id: own } = event;
  if (own !== undefined) checkOwnId(own, isOfLog);
  if (RESERVED_NAMES.includes(name)) refuse("event", "must not be a name that tidings sends itself", name);
  if (Array.isArray(topic)) {
    if (topic.length === 0) {
      refuse("topic", "must be left out where there is none: it was an empty list", topic);
    }
    for (const each of topic) if (!isTopic(each)) refuseTopic(each);
  } else if (topic !== undefined && !isTopic(topic)) refuseTopic(topic);
  if (key !== undefined && typeof key !== "string") refuse("key", "must be a string", key);

  // An id without data would not be dispatched; an event of nothing at all is refused by the encoder.
  const frame = encodeFrame(
    name === undefined && data === undefined ? { retry } : { event: name, data, retry, id: own ?? id },
  );
  // A character is one to three bytes: only what may be too large is measured.
  if (frame.length * 3 > largest && utf8.encode(frame).byteLength > largest) {
    throw new TidingsError(
      "invalid-event",
      `The event takes more than the ${largest} bytes of the option "maxEventBytes": raise that, or send less`,
    );
  }
  return { id, ownId: own as string | undefined, topic, key, event, frame };
}

function checkOwnId(own: unknown, isOfLog: (text: string) => boolean): void {
  if (typeof own !== "string" || own === "") refuse("id", "must be a string that is not empty", own);
  if (own === EARLIEST) refuse("id", "must be another one: it stands for all that is kept", own);
  if (isOfLog(own)) {
    refuse("id", "must not look like one that the log gives itself: put a letter and a colon before it", own);
  }
}

function isTopic(topic: unknown): topic is string {
  return typeof topic === "string" && topic !== "" && topic !== "*";
}

function refuseTopic(topic: unknown): never {
  refuse(
    "topic",
    'must be a string, or a list of strings, that is not empty, and not "*", which stands for all topics',
    topic,
  );
}

function refuse(field: string, rule: string, value: unknown): never {
  throw new TidingsError("invalid-event", `Event field "${field}" ${rule}, received ${show(value)}`);
}
