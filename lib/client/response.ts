// Whether a response is an event stream, and whether its failure may pass. The HTML standard, section 9.2.3: status 200
// and `text/event-stream`, or the connection has failed.
import { TidingsError } from "../errors.ts";

/** Throws when this response cannot be read as an event stream. */
export function requireEventStream(response: Response): void {
  const { status, headers } = response;
  const type = headers.get("content-type");
  const isRight = status === 200 && /^text\/event-stream\s*(;|$)/i.test(type!);
  if (!isRight) {
    throw new TidingsError(
      status === 204 ? "no-content" : status === 200 ? "bad-content-type" : "bad-status",
      `Server answered ${status} ${type}: send 200 text/event-stream`,
      { response },
    );
  }
}

/** Whether a failure may pass by itself, so that trying again makes sense. */
export function mayPass({ code, response }: TidingsError): boolean {
  return /^connection|bad-status (408|425|429|5)/.test(`${code} ${response?.status}`);
}

/** The milliseconds a response's `Retry-After` asks for, seconds or a date; 0 without one. RFC 9110, section 10.2.3. */
export function retryAfter(response: Response | undefined): number {
  const value = response?.headers.get("retry-after") ?? "";
  return Math.max(0, +value * 1000 || Date.parse(value) - Date.now() || 0);
}
