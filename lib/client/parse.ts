// Text of an event stream → events. Synchronous, and knows nothing of streams, bytes or connections.
//
// Two things decide its speed. A line is looked for with `indexOf`, which engines run as a vector search; and text
// that was searched once is never searched again, so the time is linear however the stream was cut into chunks.
import { TidingsError } from "../errors.ts";
import { positive } from "./options.ts";

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
 * @throws {TypeError} when `maxEventSize` is not a positive number.
 *
 * @example
 * ```ts
 * import { createParser } from "@tidings/tidings/client";
 *
 * const parser = createParser({ onEvent: ({ event, data }) => console.log(event, data) });
 * parser.feed("event: price\nda");
 * parser.feed("ta: 12.3\n\n"); // logs "price 12.3"
 * ```
 */
export function createParser(options: ParserOptions): Parser {
  const { onEvent, onComment, onRetry } = options;
  const limit = positive("maxEventSize", options.maxEventSize, 1 << 20);
  let max = limit;
  let lastEventId = options.lastEventId ?? "";
  // The standard's three buffers. `data` is undefined until the block has a data field, which may well be empty.
  let id = lastEventId;
  let event = "";
  let data: string | null | undefined;
  // A line that has begun and not ended, and whether an LF would still belong to the CR before it.
  let rest = "";
  let afterCR = false;
  let atStart = true;

  /** Throws when the block, with a line of this length, is over the cap. */
  function checkSize(line: number): void {
    if ((data ?? "").length + event.length + id.length + line > max) {
      // Nothing fits from here on, so each later feed() fails in the same way.
      max = -1;
      throw new TidingsError(
        "event-too-large",
        `Event is over maxEventSize, ${limit}: raise it`,
      );
    }
  }

  function readLine(text: string, start: number, end: number): void {
    checkSize(end - start);
    if (start === end) {
      lastEventId = id;
      if (data != null) onEvent({ kind: "event", event: event || "message", data, lastEventId });
      data = null;
      event = "";
      return;
    }
    // The three common fields are told apart where they stand; cutting the line out first costs half of the speed.
    if (isData(text, start)) return setField("data", valueAt(text, start + 5, end));
    const code = text.charCodeAt(start);
    if (code === 101 && text.startsWith("event:", start)) {
      return setField("event", valueAt(text, start + 6, end));
    }
    if (code === 105 && text.startsWith("id:", start)) return setField("id", valueAt(text, start + 3, end));
    const line = text.slice(start, end);
    // A line without a colon is a name with an empty value.
    const colon = (line + ":").indexOf(":");
    setField(line.slice(0, colon), valueAt(line, colon + 1, end));
  }

  function setField(name: string, value: string): void {
    if (name === "data") data = data == null ? value : data + "\n" + value;
    else if (name === "event") event = value;
    else if (name === "id") {
      if (!value.includes("\0")) id = value;
    } else if (name === "retry") {
      if (/^\d+$/.test(value)) onRetry?.(+value);
    } else if (!name) onComment?.({ kind: "comment", comment: value });
  }

  return {
    get lastEventId(): string {
      return lastEventId;
    },
    feed(text: string): void {
      let start = 0;
      if (text && (atStart || afterCR)) {
        if (text.charCodeAt(0) === (atStart ? 0xfeff : 10)) start = 1;
        atStart = afterCR = false;
      }
      // The next LF and CR, each searched for only once it has been passed.
      let lf = text.indexOf("\n", start);
      let cr = text.indexOf("\r", start);
      while (lf >= 0 || cr >= 0) {
        // Most events end in one data line: hand them over without a detour through the buffers.
        if (
          cr < 0 && rest === "" && data == null && text.charCodeAt(lf + 1) === 10 && isData(text, start)
        ) {
          checkSize(lf - start);
          onEvent({
            kind: "event",
            event: event || "message",
            data: valueAt(text, start + 5, lf),
            lastEventId: lastEventId = id,
          });
          event = "";
          start = lf + 2;
          lf = start < text.length ? text.indexOf("\n", start) : -1;
          continue;
        }
        const end = cr < 0 || (lf >= 0 && lf < cr) ? lf : cr;
        if (rest) {
          const line = rest + text.slice(start, end);
          rest = "";
          readLine(line, 0, line.length);
        } else readLine(text, start, end);
        start = end + 1;
        if (end === cr) {
          if (start === text.length) afterCR = true;
          else if (text.charCodeAt(start) === 10) start++;
          cr = text.indexOf("\r", start);
        }
        if (lf >= 0 && lf < start) lf = text.indexOf("\n", start);
      }
      rest += text.slice(start);
      if (rest) checkSize(rest.length);
    },
  };
}

/** A field's value: what follows the colon, less one space. */
function valueAt(text: string, start: number, end: number): string {
  return text.slice(text.charCodeAt(start) === 32 ? start + 1 : start, end);
}

/** Whether `data:` stands here. Unit by unit, because `startsWith` with a position is far slower on JavaScriptCore. */
function isData(text: string, at: number): boolean {
  return text.charCodeAt(at) === 100 && text.charCodeAt(at + 1) === 97 && text.charCodeAt(at + 2) === 116 &&
    text.charCodeAt(at + 3) === 97 && text.charCodeAt(at + 4) === 58;
}
