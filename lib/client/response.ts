/**
 * Checks that a response is an event stream that can be read: status 200 and `text/event-stream`, or the connection has
 * failed. The HTML standard, section 9.2.3.
 *
 * @module
 */
import { TidingsError, type TidingsErrorCode } from "../base/errors.ts";

/** Throws when this response cannot be read as an event stream. */
export function requireEventStream(response: Response): void {
  const { status } = response;
  const type = response.headers.get("content-type");
  const refuse = (code: TidingsErrorCode, message: string): never => {
    throw new TidingsError(code, message, { response });
  };
  if (status === 204) refuse("no-content", "Server answered 204: the stream has ended for good");
  if (status !== 200 || !/^text\/event-stream\s*(;|$)/i.test(type!)) {
    refuse(
      status === 200 ? "bad-content-type" : "bad-status",
      `Server answered ${status} ${type ?? "without a content type"}: send 200 text/event-stream`,
    );
  }
  if (response.bodyUsed) refuse("bad-body", "Response was read already: read its clone() there");
}
