/**
 * An event's way onto the wire: the `text/event-stream` format of the HTML standard, section 9.2.
 *
 * What cannot be written without changing its meaning is refused by name, never stripped: a stripped line break is a
 * lost line, and one that is let through is a forged field. Pure; imports only the error class.
 *
 * @module
 */

import { show, TidingsError } from "../base/errors.ts";

/**
 * One event as it is handed in. At least one field must be set.
 *
 * `data` that is a string goes out as it is; anything else goes out as JSON. An `event` without `data` goes out with
 * empty data, because browsers dispatch nothing without a `data` line.
 */
export interface ServerSentEvent<Data = unknown> {
  /** The payload. A string is sent as it is, its line breaks (CRLF, CR or LF) read back as LF; the rest as JSON. */
  data?: Data | undefined;
  /** The type that `addEventListener(type)` listens to. Default: none, which browsers dispatch as `"message"`. */
  event?: string | undefined;
  /**
   * What the browser sends back as `Last-Event-ID` when it reconnects. An empty string resets it. Give it together with
   * `data`: Firefox forgets an id that came without.
   */
  id?: string | number | bigint | undefined;
  /**
   * How long the browser waits before it reconnects, in milliseconds. A non-negative integer. Chromium takes `0`
   * literally and comes back some 46 times a second.
   */
  retry?: number | undefined;
  /** A comment, which no reader sees as an event. May have several lines. */
  comment?: string | undefined;
}

/** An event, or a string, which is short for `{ data: string }`. */
export type EventInput<Data = unknown> = string | ServerSentEvent<Data>;

// In a pattern with the `u` flag a surrogate only matches where it stands alone. UTF-8 has no form for it.
const LONE_SURROGATE = /\p{Surrogate}/u;
const LINE_BREAK = /\r\n|\r|\n/g;

/**
 * Encodes one event as one whole frame, blank line included.
 *
 * @param input The event, or a string as short for `{ data: string }`.
 * @returns The frame's text. Every line is `field: value` with the space, so leading spaces of a value survive.
 * @throws {TidingsError} With code `"invalid-event"` and the field's name, if a field cannot be sent unchanged: a line
 * break in `event` or `id`, a NUL in `id`, a `retry` that is not a non-negative safe integer, a lone surrogate anywhere,
 * data that JSON cannot express, or nothing to send at all.
 *
 * @example
 * ```ts
 * import { encodeEvent } from "@tidings/tidings";
 *
 * const frame = encodeEvent({ event: "price", data: { symbol: "ACME", amount: 12.3 }, id: 7 });
 * if (frame !== 'event: price\nid: 7\ndata: {"symbol":"ACME","amount":12.3}\n\n') throw new Error(frame);
 * ```
 */
export function encodeEvent(input: EventInput): string {
  if (typeof input === "string") return dataLines(input) + "\n";
  if (typeof input !== "object" || input === null) {
    throw invalid("event", "must be an object or a string", input);
  }
  const { comment, event, id, retry, data } = input;
  let frame = "";
  if (comment !== undefined) frame += commentLines(comment);
  if (event !== undefined) frame += `event: ${singleLine("event", event)}\n`;
  if (id !== undefined) frame += `id: ${idText(id)}\n`;
  if (retry !== undefined) frame += `retry: ${retryText(retry)}\n`;
  if (data !== undefined) frame += typeof data === "string" ? dataLines(data) : `data: ${json(data)}\n`;
  else if (event !== undefined) frame += "data: \n";
  if (frame === "") {
    throw new TidingsError(
      "invalid-event",
      "An event needs at least one of data, event, id, retry or comment: this one would send nothing",
    );
  }
  return frame + "\n";
}

/**
 * Encodes a comment frame, which keeps a connection alive and which no reader sees as an event.
 *
 * @throws {TidingsError} With code `"invalid-event"`, if the text is not a string or holds a lone surrogate.
 *
 * @example
 * ```ts
 * import { encodeComment } from "@tidings/tidings";
 *
 * if (encodeComment("still here") !== ": still here\n\n") throw new Error();
 * ```
 */
export function encodeComment(text: string): string {
  return commentLines(text) + "\n";
}

function dataLines(text: string): string {
  return `data: ${splitLines("data", text, "\ndata: ")}\n`;
}

function commentLines(text: string): string {
  if (typeof text !== "string") throw invalid("comment", "must be a string", text);
  return `: ${splitLines("comment", text, "\n: ")}\n`;
}

/** Puts the field's name before every line, at whichever of the standard's three line breaks. */
function splitLines(field: string, text: string, separator: string): string {
  wellFormed(field, text);
  return text.includes("\n") || text.includes("\r") ? text.replace(LINE_BREAK, separator) : text;
}

function singleLine(field: string, text: string): string {
  if (typeof text !== "string") throw invalid(field, "must be a string", text);
  if (text.includes("\n") || text.includes("\r")) throw invalid(field, "must not contain a line break", text);
  return wellFormed(field, text);
}

function idText(id: string | number | bigint): string {
  if (typeof id === "bigint" || Number.isFinite(id)) return String(id);
  if (typeof id === "number") throw invalid("id", "must be a finite number or a string", id);
  const text = singleLine("id", id);
  // The standard ignores such an id, and Firefox loses the whole event.
  if (text.includes("\0")) throw invalid("id", "must not contain a NUL character", text);
  return text;
}

function retryText(retry: number): string {
  if (!Number.isSafeInteger(retry) || retry < 0) {
    throw invalid("retry", "must be a whole number of milliseconds, 0 or more", retry);
  }
  // A negative zero prints as "0".
  return String(retry);
}

function json(data: unknown): string {
  if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) {
    throw invalid("data", "must be text or JSON: encode bytes yourself, for example as base64", data);
  }
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch (cause) {
    throw invalid("data", "must be expressible as JSON", data, cause);
  }
  if (text === undefined) throw invalid("data", "must be expressible as JSON", data);
  return text;
}

function wellFormed(field: string, text: string): string {
  if (LONE_SURROGATE.test(text)) {
    throw invalid(field, "must not contain half a surrogate pair: a string was cut inside a character", text);
  }
  return text;
}

function invalid(field: string, rule: string, value: unknown, cause?: unknown): TidingsError {
  return new TidingsError(
    "invalid-event",
    `Event field "${field}" ${rule}, received ${show(value)}`,
    cause === undefined ? undefined : { cause },
  );
}
