/**
 * Defines `TidingsError`, and tells errors to the operator, never to a client.
 *
 * @module
 */

/**
 * What went wrong, as a value to branch on. The set is closed: a new kind of failure gets a new name here.
 *
 * - `"invalid-event"`: an event that cannot be put on the wire without changing it
 * - `"closed"`: something was published after `close()`
 * - `"publish-failed"`: the backplane refused an event, or did not acknowledge it in time
 * - `"backplane-lost"`: the backplane cannot be read; it is tried again and again
 * - `"address-in-use"`: `serve()` found its port taken
 * - `"address-unavailable"`: `serve()` cannot listen at its address: it is none of this machine's, or not for this user
 *
 * From `tidings/resumable`:
 *
 * - `"stream-taken"`: a stream by this id is running already
 * - `"stream-limit"`: this process runs as many streams as its limit `running` allows
 * - `"stream-ended"`: something was appended to a stream that has ended, or that another process has taken over
 * - `"stream-behind"`: more events wait for the store than the limit `pending` allows
 * - `"stream-unknown"`: there is no stream by this id, or no longer
 * - `"stream-cursor"`: the id to go on after is none of this stream's
 *
 * From an engine such as `tidings/redis`, as a backplane or a store:
 *
 * - `"backplane-unavailable"`: the engine was not reached, or refused for now; trying again may succeed
 * - `"backplane-refused"`: the engine refuses and will go on refusing; the error has the property `permanent: true`
 *
 * From `tidings/client`; "with its response" means that {@linkcode TidingsError.response} is set:
 *
 * - `"connection-failed"`: no connection came about, or it broke; also a `headers` or `body` function that failed
 * - `"connection-ended"`: the server ended the response; with its response
 * - `"connection-stalled"`: not one byte arrived for `stallTimeout`
 * - `"no-content"`: the server answered 204, which tells a client to stop; with its response
 * - `"bad-status"`: the server answered with a status other than 200; with its response
 * - `"bad-content-type"`: the answer is not `text/event-stream`; with its response
 * - `"bad-body"`: the response was read already, or its body is no stream; with its response
 * - `"event-too-large"`: an event is larger than `maxEventSize`; with its response
 */
export type TidingsErrorCode =
  | "invalid-event"
  | "closed"
  | "stream-taken"
  | "stream-limit"
  | "stream-ended"
  | "stream-behind"
  | "stream-unknown"
  | "stream-cursor"
  | "publish-failed"
  | "backplane-lost"
  | "address-in-use"
  | "address-unavailable"
  | "backplane-unavailable"
  | "backplane-refused"
  | "connection-failed"
  | "connection-ended"
  | "connection-stalled"
  | "no-content"
  | "bad-status"
  | "bad-content-type"
  | "bad-body"
  | "event-too-large";

/**
 * The one error class of this package: branch on {@linkcode TidingsError.code}, show {@linkcode Error.message}.
 * A wrong option is a programming mistake and is a plain `TypeError` instead.
 *
 * @example
 * ```ts
 * import { encodeEvent, TidingsError } from "tidings";
 *
 * try {
 *   encodeEvent({ event: "two\nlines", data: 1 });
 * } catch (error) {
 *   if (error instanceof TidingsError) console.log(error.code); // "invalid-event"
 * }
 * ```
 */
export class TidingsError extends Error {
  /** What went wrong. */
  // "declare": set below, and not first made undefined.
  declare readonly code: TidingsErrorCode;
  /** The HTTP response the failure is about, where there was one. Its body is unread: read it, or cancel it. */
  declare readonly response: Response | undefined;

  /** Creates an error with a code, a message that says what to do next, and the cause and response if there is one. */
  constructor(
    code: TidingsErrorCode,
    message: string,
    options?: { cause?: unknown; response?: Response | undefined },
  ) {
    super(message, options);
    this.name = "TidingsError";
    this.code = code;
    this.response = options?.response;
  }
}

/** A value as an error message shows it: short, on one line, and never throwing. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    const text = JSON.stringify(value.slice(0, 60));
    return value.length > 60 ? `${text}… (${value.length} characters)` : text;
  }
  if (typeof value === "object" && value !== null) return Object.prototype.toString.call(value);
  return typeof value === "function" ? "a function" : String(value);
}

/** What an error says, whatever was thrown. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Tells the operator of an error that nobody else will see. The client never learns of it. */
export function report(what: string, error: unknown): void {
  console.error(`tidings: ${what}:`, error);
}

/** Calls a hook of the user's, whose failure must not become anybody else's. */
export function callHook(name: string, hook: () => void): void {
  try {
    hook();
  } catch (error) {
    report(`${name} threw`, error);
  }
}
