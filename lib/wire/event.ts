/**
 * Encodes events as the `text/event-stream` format of the HTML standard, section 9.2.
 *
 * An event that cannot be written without changing its meaning is refused by name, never stripped: a stripped line break
 * is a lost line, and one that is let through is a forged field.
 *
 * @module
 */

import { show, TidingsError } from "../base/errors.ts";
import { nearestName } from "../base/options.ts";

/**
 * One event as it is handed in. At least one field must be set.
 *
 * `data` that is a string goes out as it is; anything else goes out as JSON. An `event` without `data` goes out with
 * empty data, because browsers dispatch nothing without a `data` line.
 */
export interface ServerSentEvent<Data = unknown> {
  /**
   * The payload. A string is sent as it is, its line breaks (CRLF, CR or LF) read back as LF; the rest as JSON. Data of which
   * JSON keeps nothing, such as a Map, is refused; what lies deeper in an object is left to `JSON.stringify`, which makes
   * `{}` of a Map there.
   */
  data?: Data | undefined;
  /** The type that `addEventListener(type)` listens to. Default: none, which browsers dispatch as `"message"`. */
  event?: string | undefined;
  /**
   * What the browser sends back as `Last-Event-ID` when it reconnects, so it must be fit for a header: no control
   * character, and no blank at either end (RFC 9110, section 5.5). An empty string resets it. Give it together with `data`:
   * Firefox forgets an id that came without.
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
// Characters that no header can carry, or that are lost on the way: RFC 9110, section 5.5. The tab is allowed within.
// deno-lint-ignore no-control-regex
const NOT_IN_A_HEADER = /[\0-\x08\x0a-\x1f\x7f]|^[\t ]|[\t ]$/;

const FIELDS: readonly string[] = ["data", "event", "id", "retry", "comment"];

/**
 * Encodes one event as one whole frame, blank line included.
 *
 * @param input The event, or a string as short for `{ data: string }`.
 * @returns The frame's text. Every line is `field: value` with the space, so leading spaces of a value survive.
 * @throws {TidingsError} With code `"invalid-event"` and the field's name, if a field cannot be sent unchanged: a line
 * break in `event`, an `id` that no header can carry, a `retry` that is not a non-negative safe integer, a lone surrogate
 * anywhere, data that JSON cannot express; or if the event has a field that is not known, or nothing to send at all. To
 * send an object that has more fields, name those that are meant: `{ event: it.event, data: it.data }`.
 *
 * @example
 * ```ts
 * import { encodeEvent } from "tidings";
 *
 * const frame = encodeEvent({ event: "price", data: { symbol: "ACME", amount: 12.3 }, id: 7 });
 * if (frame !== 'event: price\nid: 7\ndata: {"symbol":"ACME","amount":12.3}\n\n') throw new Error(frame);
 * ```
 */
export function encodeEvent(input: EventInput): string {
  if (typeof input === "string") return dataLines(input) + "\n";
  if (typeof input !== "object" || input === null) {
    throw noEvent(input);
  }
  for (const field in input) {
    // Compared one by one, since this is done for each event: a list would have to be searched.
    if (
      field !== "data" && field !== "event" && field !== "id" && field !== "retry" && field !== "comment" &&
      (input as Record<string, unknown>)[field] !== undefined
    ) throw unknownField(field, FIELDS);
  }
  return encodeFrame(input);
}

/** What is no event at all is refused, with what one looks like. */
export function noEvent(value: unknown): TidingsError {
  return new TidingsError(
    "invalid-event",
    `An event must be a string, or an object such as { event: "price", data: 12.3 }, received ${show(value)}`,
  );
}

/** The same for an event whose names of fields were checked. */
export function encodeFrame({ comment, event, id, retry, data }: ServerSentEvent): string {
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
 * import { encodeComment } from "tidings";
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
  // The client could never send it back: some runtimes would try for ever, others lose a blank.
  if (NOT_IN_A_HEADER.test(text)) {
    throw invalid(
      "id",
      "must be fit for a header, without control characters and without a blank at either end",
      text,
    );
  }
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
    throw invalid("data", `must be expressible as JSON, ${RESCUE}`, data, cause);
  }
  if (text === undefined || isLost(text, data)) {
    throw invalid("data", `must be expressible as JSON, ${RESCUE}`, data);
  }
  return text;
}

const RESCUE = "and loses nothing in it: turn it into an array, an object or a string (and await a promise)";

/** Whether JSON keeps nothing of the data: of a Map, a Set, a Promise, an Error, a Response it makes `{}`, of NaN `null`. */
function isLost(text: string, data: unknown): boolean {
  if (text === "null") return data !== null && typeof (data as { toJSON?: unknown }).toJSON !== "function";
  return text === "{}" && Object.prototype.toString.call(data) !== "[object Object]" &&
    typeof (data as { toJSON?: unknown }).toJSON !== "function";
}

/** What other libraries call the one to whom an event goes. */
const ADDRESSEE = ["to", "room", "channel"];

/** A field that would be ignored without a word. */
export function unknownField(field: string, fields: readonly string[]): TidingsError {
  const nearest = nearestName(field, fields);
  const remedy = ADDRESSEE.includes(field) && fields.includes("topic")
    ? "use topic"
    : nearest === undefined
    ? `the fields are ${fields.join(", ")}; an object to be sent goes into data`
    : `did you mean "${nearest}"?`;
  return new TidingsError("invalid-event", `Unknown event field "${field}": ${remedy}`);
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
