/**
 * Checks that a response is an event stream that can be read: status 200 and `text/event-stream`, or the connection has
 * failed. The HTML standard, section 9.2.3.
 *
 * @module
 */
import { TidingsError } from "../base/errors.ts";

/** Throws when this response cannot be read as an event stream. */
export function requireEventStream(response: Response): void {
  const { status } = response;
  const type = response.headers.get("content-type");
  if (status !== 200 || !/^text\/event-stream\s*(;|$)/i.test(type!)) {
    throw new TidingsError(
      status === 200 ? "bad-content-type" : status === 204 ? "no-content" : "bad-status",
      `Server answered ${status}` +
        (status === 204 ? ", the end" : ` ${type ?? "without a type"}: send 200 text/event-stream`),
      { response },
    );
  }
}
