/**
 * What went wrong, as a value to branch on. The set is closed: a new kind of failure gets a new name here.
 *
 * - `"invalid-event"`: an event that cannot be put on the wire without changing it
 * - `"closed"`: something was published after `close()`
 * - `"address-in-use"`: `serve()` found its port taken
 */
export type TidingsErrorCode = "invalid-event" | "closed" | "address-in-use";

/**
 * The one error class of this package: branch on {@linkcode TidingsError.code}, show {@linkcode Error.message}.
 * A wrong option is a programming mistake and is a plain `TypeError` instead.
 *
 * @example
 * ```ts
 * import { encodeEvent, TidingsError } from "@tidings/tidings";
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
  readonly code: TidingsErrorCode;

  /** Creates an error with a code, a message that says what to do next, and the cause if there is one. */
  constructor(code: TidingsErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "TidingsError";
    this.code = code;
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
