/**
 * Parses the text of an event stream into events. It is synchronous, and knows nothing of streams, bytes or connections.
 *
 * Two things decide its speed. A line is looked for with `indexOf`, which engines run as a vector search; and text that
 * was searched once is never searched again, so the time is linear however the stream was cut into chunks.
 *
 * @module
 */
import { TidingsError } from "../base/errors.ts";
import { checkNames, requirePositive } from "./options.ts";

/** One event as it came over the wire. */
export interface ServerEvent<Data = string, Name extends string = string> {
  /** Tells an event from the other things a stream can yield. */
  readonly kind: "event";
  /** The event's name, `"message"` where the server gave none. */
  readonly event: Name;
  /** The `data` fields, joined with LF; with a schema, what the schema made of them. */
  readonly data: Data;
  /** The last event ID as of this event: its own `id`, else the one before it, else `""`. */
  readonly lastEventId: string;
}

/** A comment line: what servers send to keep a quiet connection alive. */
export interface ServerComment {
  /** Tells a comment from the other things a stream can yield. */
  readonly kind: "comment";
  /** The text after the colon, less one leading space. */
  readonly comment: string;
  /** The last event ID as of this comment: that of the last event which had ended before it, else `""`. */
  readonly lastEventId: string;
}

/** What {@linkcode createParser} calls, and how much it may hold. */
export interface ParserOptions {
  /** Called for each event, in order. A callback must not throw: what is left of the chunk would be lost. */
  onEvent: (event: ServerEvent) => void;
  /** Called for each comment, in order with the events. Default: comments are dropped. */
  onComment?: ((comment: ServerComment) => void) | undefined;
  /** Called for each `retry` field: the time in milliseconds the server wants between connections. Default: dropped. */
  onRetry?: ((milliseconds: number) => void) | undefined;
  /** The last event ID to begin with, of an earlier connection. Default `""`. */
  lastEventId?: string | undefined;
  /**
   * How much one event may take: its data, name and last event ID and the line being read, in UTF-16 code units
   * (`string.length`). Nothing larger is ever held. Default 1 048 576.
   */
  maxEventSize?: number | undefined;
  /** The response the text comes from, for the error to carry. */
  response?: Response | undefined;
}

/** A parser of one stream, made by {@linkcode createParser}. */
export interface Parser {
  /** The id to send as `Last-Event-ID` on reconnecting. Changes at the blank line that ends an event, never before. */
  readonly lastEventId: string;
  /**
   * Takes the next text of the stream, cut anywhere, and calls back for all that it completes. An event that the end
   * of the stream cuts off is discarded, so there is nothing to call at the end.
   *
   * @throws {TidingsError} `"event-too-large"`, then and ever after, once an event exceeds `maxEventSize`. What came
   * before it has been called back.
   */
  feed(text: string): void;
}

/**
 * Parses an event stream that is at hand as text. See the HTML standard, sections 9.2.5 "Parsing an event stream" and
 * 9.2.6 "Interpreting an event stream". For a `Response` or a `ReadableStream` use `parseSSE`.
 *
 * @throws {TypeError} when an option is not known, or `maxEventSize` is not a positive number.
 *
 * @example
 * ```ts
 * import { createParser } from "tidings/client";
 *
 * const parser = createParser({ onEvent: ({ event, data }) => console.log(event, data) });
 * parser.feed("event: price\nda");
 * parser.feed("ta: 12.3\n\n"); // logs "price 12.3"
 * ```
 */
export function createParser(options: ParserOptions): Parser {
  checkNames(options, "onEvent onComment onRetry lastEventId maxEventSize response");
  let { lastEventId = "", maxEventSize = 1 << 20, onEvent } = options;
  requirePositive({ maxEventSize });
  let max = maxEventSize;
  // The standard's three buffers. `data` has a LF before each value, so it is empty until there is one.
  let id = lastEventId;
  let event = "";
  let data = "";
  // A line that has begun and not ended.
  let rest = "";
  // At least as much as is held; found out at the first text.
  let fed = Infinity;
  // What the next text is rid of if it begins with it: first a byte order mark, later the LF of a CR LF.
  let skip = 0xfeff;

  /** How much the event and so much of a line are. */
  const sizeWith = (line: number): number => line + data.length + event.length + id.length;
  const requireRoom = (line: number): void => {
    if (sizeWith(line) > max) {
      // Nothing fits from here on, so each later feed() fails in the same way.
      max = -1;
      throw new TidingsError(
        "event-too-large",
        `Event is over maxEventSize, ${maxEventSize}: raise it`,
        options,
      );
    }
  };

  return {
    get lastEventId() {
      return lastEventId;
    },
    feed(text) {
      // While all that came is too little for an event that is too large, no line is looked at for it.
      const isTight = (fed += text.length) > max && (fed = sizeWith(rest.length + text.length)) > max;
      if (skip && text) {
        if (text.charCodeAt(0) === skip) text = text.slice(1);
        skip = 0;
      }
      if (text.indexOf("\r") >= 0) {
        if (text.endsWith("\r")) skip = 10;
        text = text.replace(/\r\n?/g, "\n");
      }
      let start = 0;
      let end = text.indexOf("\n");
      if (end >= 0 && rest) {
        end += rest.length;
        text = [rest, text].join("");
        rest = "";
      }
      for (; end >= 0; end = text.indexOf("\n", start)) {
        if (isTight) requireRoom(end - start);
        const code = text.charCodeAt(start);
        if (
          code === 100 && text.charCodeAt(start + 1) === 97 && text.charCodeAt(start + 2) === 116 &&
          text.charCodeAt(start + 3) === 97 && text.charCodeAt(start + 4) === 58
        ) {
          const value = valueAt(text, start + 5, end);
          // Most events end in one data line: hand them over without a detour through the buffer.
          if (!data && text.charCodeAt(end + 1) === 10) {
            onEvent({ kind: "event", event: event || "message", data: value, lastEventId: lastEventId = id });
            event = "";
            end++;
          } else data += "\n" + value;
        } else if (code === 10) {
          lastEventId = id;
          if (data) onEvent({ kind: "event", event: event || "message", data: data.slice(1), lastEventId });
          data = event = "";
        } else if (code === 105 && text.charCodeAt(start + 1) === 100 && text.charCodeAt(start + 2) === 58) {
          const value = valueAt(text, start + 3, end);
          if (value.indexOf("\0") < 0) id = value;
        } else if (text.startsWith("event:", start)) {
          event = valueAt(text, start + 6, end);
        } else if (code === 58) {
          options.onComment?.({ kind: "comment", comment: valueAt(text, start + 1, end), lastEventId });
        } else {
          // What is rare: a name without a colon, whose value is empty.
          const line = text.slice(start, end);
          const retry = /^retry: ?(\d+)$/.exec(line);
          if (line === "data") data += "\n";
          else if (line === "event") event = "";
          else if (line === "id") id = "";
          else if (retry) options.onRetry?.(+retry[1]!);
        }
        start = end + 1;
        // Most chunks end where an event does.
        if (start === text.length) return;
      }
      if (isTight) requireRoom(rest.length + text.length - start);
      rest += text.slice(start);
    },
  };
}

/** A field's value: what follows the colon, less one space. */
function valueAt(text: string, start: number, end: number): string {
  return text.slice(text.charCodeAt(start) === 32 ? start + 1 : start, end);
}
