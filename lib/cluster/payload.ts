/**
 * Writes and reads an event as it lies in the shared log: a JSON object, which any program may append, in any language.
 *
 * `data` is text that clients receive as it is; `json` is a value that they receive as JSON. Both, and `event`, `topic`
 * (one, or a list), `key`, `retry` and `id`, may be left out: `{"data":"hello"}`,
 * `{"event":"price","json":{"amount":12.3},"topic":"acme"}`.
 *
 * @module
 */

import { toDraft } from "../log/draft.ts";
import type { PublishableEvent } from "../log/typed.ts";
import { show, TidingsError } from "../base/errors.ts";

export type { PublishableEvent };

/** Writes an event that was checked. */
export function encodePayload(input: PublishableEvent): string {
  if (typeof input === "string") return JSON.stringify({ data: input });
  const { id, event, topic, key, retry, data } = input;
  return JSON.stringify({
    id,
    event,
    topic,
    key,
    retry,
    ...(typeof data === "string" ? { data } : { json: data }),
  });
}

/**
 * Checks and writes an event that does not go through a Broadcaster, which would check it.
 *
 * @param isOfLog Whether a text could be an id that the log gives.
 * @throws {TidingsError} With code `"invalid-event"`, naming the field and the value received.
 */
export function encodeChecked(input: PublishableEvent, isOfLog: (text: string) => boolean): string {
  toDraft(input, "0", Infinity, isOfLog);
  return encodePayload(input);
}

/** An event that was read. */
export interface Decoded {
  /** As it was published, for filters. */
  readonly event: PublishableEvent;
  /** As it is to be encoded. */
  readonly wire: PublishableEvent;
}

/**
 * Reads an event that anybody may have written. Its fields are not checked yet.
 *
 * @throws {TidingsError} With code `"invalid-event"`, if it is not a JSON object.
 */
export function decodePayload(payload: string): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch (cause) {
    throw new TidingsError("invalid-event", `Not JSON: ${show(payload)}`, { cause });
  }
  if (typeof value !== "object" || value === null) {
    throw new TidingsError("invalid-event", `Not a JSON object: ${show(payload)}`);
  }
  const { json, data = json, event: name, topic, key, retry, id } = value as Record<string, unknown>;
  // Whatever types these fields have, the draft that is made of them is checked.
  const event = { data, event: name, topic, key, retry, id } as Exclude<PublishableEvent, string>;
  // A string of JSON, a date for example, is not the text that it stands for.
  const isQuoted = typeof json === "string" && data === json;
  return { event, wire: isQuoted ? { ...event, data: JSON.stringify(json) } : event };
}
