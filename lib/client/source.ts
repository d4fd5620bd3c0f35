// The items of one connection after the other, with all the reconnecting. The HTML standard, sections 9.2.2 "The
// EventSource interface" to 9.2.4 "The Last-Event-ID header", with what it leaves to the client.
import { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
import type { ConnectOptions } from "./connect_options.ts";
import type { WireItem } from "./items.ts";
import { requirePositive } from "./options.ts";
import { type EventIterator, parseSSE } from "./read.ts";
import { createParser, type ParserOptions } from "./parse.ts";
import type { StateDetail, StreamState } from "./stream.ts";

/**
 * What makes the items of a stream. It resolves when the stream has come to its end, and rejects when that is an error.
 *
 * @param lastEventId where to go on from.
 * @param closing is aborted when the stream closes: the source lets go of all it has, and what it waits for ends.
 * @param setState tells the application, not before the turn after the start. It may close the stream upon it.
 * @param hand hands an item to the application and resolves when that is done. It never rejects.
 */
export type Source = (
  lastEventId: string,
  closing: AbortSignal,
  setState: (state: StreamState, detail: StateDetail) => void,
  hand: (item: WireItem) => Promise<void> | void,
) => Promise<void>;

/** Checks the options, and returns what makes the items. */
export function createSource(url: string | URL, options: ConnectOptions): Source {
  const { fetch: send = fetch } = options;
  const { attempts = Infinity, base = 1000, max = 30_000, nonGet } = options.retry || {};
  // It throws for what fetch() would not take, and names it.
  const checked = new Request(url, { method: options.method as string });
  const retries = options.retry !== false && (nonGet || checked.method === "GET") ? attempts : 0;
  const { stallTimeout = retries ? 45_000 : Infinity } = options;
  requirePositive({
    stallTimeout,
    "retry.base": base,
    "retry.max": max,
    "retry.attempts": attempts,
  });
  if (typeof send !== "function") throw new TypeError(`fetch must be a function, received ${send}`);
  // It checks what is left: only the first response makes one that reads.
  createParser(options as unknown as ParserOptions);
  const request = async (lastEventId: string, signal: AbortSignal): Promise<Response> => {
    const sent = new Headers(await ask(options.headers));
    sent.set("accept", sent.get("accept") ?? "text/event-stream");
    // A header's value has one character for each byte of the id's UTF-8.
    if (lastEventId) sent.set("last-event-id", unescape(encodeURIComponent(lastEventId)));
    return send(checked.url, {
      // What else fetch() knows and is asked for, as its method and credentials, goes to it as it is.
      ...options,
      headers: sent,
      body: await ask(options.body),
      cache: "no-store",
      signal,
    } as RequestInit);
  };

  return async (lastEventId, closing, setState, hand) => {
    // The one timer: the watchdog's, and then that of the wait.
    let timer: ReturnType<typeof setTimeout> | undefined;
    // Ends what is under way: a request and its response, or the wait for the next attempt.
    let stop: (() => void) | undefined;
    // When the random part of the present wait begins.
    let earliest: number | undefined;
    let hastenedAt: number | undefined;
    // What the server wants between two connections; it holds from one connection to the next.
    let serverDelay = 0;

    const over = (): void => {
      clearTimeout(timer);
      stop?.();
    };
    const setTimer = (milliseconds: number): void => {
      // What a timer has no bits for would fire at once: it is never. So is no number, of no wait that could be hastened.
      if (milliseconds < 2 ** 31) {
        clearTimeout(timer);
        timer = setTimeout(over, milliseconds);
      }
    };
    // The random part is not waited for when the network is back or the page is seen again. That may be just before
    // the connection is found to be lost: one that was cut while the page was put away fails only once it is back.
    const hasten = (): void => {
      if (!globalThis.document?.hidden) setTimer(earliest! - (hastenedAt = performance.now()));
    };
    closing.onabort = over;
    for (const type of ["online", "visibilitychange"]) {
      // It is missing outside of browsers. The second event comes from the document, and bubbles.
      globalThis.addEventListener?.(type, hasten, { signal: closing });
    }

    for (let attempt = 0;;) {
      // Each request is aborted when it is over, whatever the reason.
      const control = new AbortController();
      let response: Response | undefined;
      let items: EventIterator<WireItem> | undefined;
      let openedAt: number | undefined;
      let cause: unknown;
      let failure: [TidingsErrorCode, string] = ["connection-failed", "Connection failed"];
      try {
        // Later than now, so that the first change of state finds its listener.
        await null;
        setState("connecting", { attempt });
        if (closing.aborted) return;
        setTimer(stallTimeout);
        // A fetch, or a function that it waits for, may take no notice of the signal.
        response = await new Promise<Response>((resolve, reject) => {
          stop = () => {
            control.abort();
            items?.return();
            reject();
          };
          request(lastEventId, control.signal).then(resolve, reject);
        });
        items = parseSSE(response, {
          ...options as { comments: true },
          lastEventId,
          onRetry: (milliseconds) => serverDelay = Math.max(500, milliseconds),
          onRead(id) {
            hand({ lastEventId: lastEventId = id });
            setTimer(stallTimeout);
          },
        });
        openedAt = performance.now();
        setState("open", { response });
        for await (const item of items) {
          // The watchdog runs while something is awaited. While nothing is being read the silence is our own.
          clearTimeout(timer);
          await hand(item);
        }
        failure = ["connection-ended", "Connection ended"];
      } catch (thrown) {
        cause = thrown;
      }
      if (control.signal.aborted) {
        failure = ["connection-stalled", `Connection stalled for ${stallTimeout} ms`];
      }
      const error = cause instanceof TidingsError ? cause : new TidingsError(...failure, { cause, response });
      // Cancelling a body does not close the connection in Firefox. But the body of a refusal, which nobody has
      // begun to read, must outlive the stream for whoever gets the error.
      stop = items && stop;
      over();
      if (closing.aborted || (!retries && error.code === "connection-ended")) return;
      if (performance.now() - openedAt! >= max) attempt = 0;
      const retry = /^connection|status(408|425|429|5)/.test(error.code + response?.status);
      if (attempt >= retries || !(await options.shouldRetry?.(error, { attempt, retry }) ?? retry)) {
        throw error;
      }
      if (closing.aborted) return;
      // Nobody will read what came with a refusal.
      control.abort();

      // Seconds or a date. RFC 9110, section 10.2.3.
      const after = response?.headers.get("retry-after") as string;
      const least = Math.max(serverDelay, +after * 1000 || Date.parse(after) - Date.now() || 0);
      const start = performance.now();
      const delay = least +
        (start - hastenedAt! < 1000
          ? 0
          : Math.random() * Math.min(max, (serverDelay || base) * 2 ** attempt));
      earliest = start + least;
      const waited = new Promise<void>((resolve) => stop = resolve);
      setTimer(delay);
      setState("waiting", { attempt: ++attempt, delay, error });
      await waited;
      earliest = hastenedAt = undefined;
    }
  };
}

/** An option's value, or what it gives when it is asked. */
function ask<T>(option: T | (() => T | Promise<T>)): T | Promise<T> {
  return typeof option === "function" ? (option as () => T)() : option;
}
