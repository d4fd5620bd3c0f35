// One connection: from the request to the reason why it is over.
import { TidingsError } from "../errors.ts";
import { type Clock, MAX_TIMEOUT } from "./backoff.ts";
import { refusal } from "./response.ts";

/**
 * Makes the request and hands on the text of its response, and pauses reading while `onText` is not through.
 *
 * @param control is aborted to end the connection, from outside or by the watchdog.
 * @returns why it is over. It never rejects. A response that was refused is left unread.
 */
export async function hold(
  control: AbortController,
  request: (signal: AbortSignal) => Promise<Response>,
  stallTimeout: number,
  clock: Clock,
  onOpen: (response: Response) => void,
  onText: (text: string) => Promise<void> | undefined,
): Promise<TidingsError> {
  const { signal } = control;
  let response: Response | undefined;
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  // The watchdog: one timer that looks every so often, not one that each chunk sets anew. It looks away while nothing
  // is being read, when the silence is our own.
  let heardAt = clock.now();
  let listening = true;
  let timer: unknown;
  const watch = (): void => {
    const left = heardAt + stallTimeout - clock.now();
    if (left <= 0 && listening) {
      control.abort(
        new TidingsError(
          "connection-stalled",
          `Nothing arrived for ${stallTimeout} ms: raise stallTimeout, or have the server send comments`,
        ),
      );
    } else timer = clock.setTimeout(watch, Math.min(left > 0 ? left : stallTimeout, MAX_TIMEOUT));
  };
  // Also for a fetch, or a function that it waits for, which takes no notice of the signal.
  const interrupted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => {
      reader?.cancel().catch(() => {});
      reject(signal.reason);
    });
  });
  try {
    watch();
    response = await Promise.race([request(signal), interrupted]);
    const refused = refusal(response);
    if (refused) return refused;
    onOpen(response);
    reader = response.body?.getReader();
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    while (reader) {
      listening = true;
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      heardAt = clock.now();
      listening = false;
      await onText(decoder.decode(value, { stream: true }));
      heardAt = clock.now();
    }
    return new TidingsError(
      "connection-ended",
      "Server ended the response: raise retry.attempts to reconnect",
      {
        response,
      },
    );
  } catch (error) {
    // Runtimes differ in what an aborted read rejects with.
    const cause: unknown = signal.aborted ? signal.reason : error;
    return cause instanceof TidingsError
      ? new TidingsError(cause.code, cause.message, { response })
      : new TidingsError("connection-failed", "Connection failed: see the cause", { cause, response });
  } finally {
    clock.clearTimeout(timer);
    reader?.cancel().catch(() => {});
  }
}
