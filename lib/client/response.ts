// Whether a response is an event stream, and whether its failure may pass. The HTML standard, section 9.2.3: status 200
// and `text/event-stream`, or the connection has failed.
import { TidingsError } from "../errors.ts";

/** The reason why this response cannot be read as an event stream, or undefined when it can. */
export function refusal(response: Response): TidingsError | undefined {
  const { status } = response;
  const type = response.headers.get("content-type");
  const code = status === 204
    ? "no-content"
    : status !== 200
    ? "bad-status"
    : /^\s*text\/event-stream\s*(;|$)/i.test(type!)
    ? undefined
    : "bad-content-type";
  return code &&
    new TidingsError(code, `Server answered ${status} ${type}: send 200 text/event-stream`, { response });
}

/** Whether a failure may pass by itself, so that trying again makes sense. */
export function mayPass({ code, response }: TidingsError): boolean {
  return code === "bad-status"
    ? /408|425|429|5../.test(String(response!.status))
    : code.startsWith("connection");
}
