// Whether a response is an event stream. The HTML standard, section 9.2.3: status 200 and `text/event-stream`, or the
// connection has failed.
import { TidingsError } from "../errors.ts";

/** Throws when this response cannot be read as an event stream. */
export function requireEventStream(response: Response): void {
  const { status, headers } = response;
  const type = headers.get("content-type");
  const isOk = status === 200;
  if (!isOk || !/^text\/event-stream\s*(;|$)/i.test(type!)) {
    throw new TidingsError(
      isOk ? "bad-content-type" : status === 204 ? "no-content" : "bad-status",
      `Server answered ${status} ${type}: send 200 text/event-stream`,
      { response },
    );
  }
}
