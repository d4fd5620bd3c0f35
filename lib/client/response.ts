// Whether a response is an event stream. The HTML standard, section 9.2.3: status 200 and `text/event-stream`, or the
// connection has failed.
import { TidingsError } from "../errors.ts";

/** The reason why this response cannot be read as an event stream, or undefined when it can. */
export function refusal(response: Response): TidingsError | undefined {
  const { status, headers } = response;
  const type = headers.get("content-type");
  if (status === 204) {
    return new TidingsError("no-content", "Server answered 204, which asks clients to stop", { response });
  }
  if (status !== 200) {
    return new TidingsError(
      "bad-status",
      `Server answered ${status} instead of 200: see the error's response`,
      {
        response,
      },
    );
  }
  if (!/^\s*text\/event-stream\s*(;|$)/i.test(type ?? "")) {
    return new TidingsError(
      "bad-content-type",
      `Server answered with content type ${type}: have it send text/event-stream`,
      { response },
    );
  }
  return undefined;
}

/** Whether a failure may pass by itself, so that trying again makes sense. */
export function mayPass({ code, response }: TidingsError): boolean {
  const status = response?.status ?? 0;
  return code === "bad-status"
    ? status >= 500 || status === 408 || status === 425 || status === 429
    : code.startsWith("connection-");
}
