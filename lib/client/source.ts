// The items of one connection after the other, with all the reconnecting. The HTML standard, sections 9.2.2 "The
// EventSource interface" to 9.2.4 "The Last-Event-ID header", with what it leaves to the client.
import { TidingsError, type TidingsErrorCode } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { ConnectOptions } from "./connect_options.ts";
import type { WireItem } from "./items.ts";
import { requireOptions } from "./options.ts";
import { readBatches } from "./read.ts";
import type { StateDetail, StreamState } from "./stream.ts";

/**
 * What makes the items of a stream. It is asked for the first at once, and for each later one when what came before it
 * has been handed out.
 *
 * @param lastEventId where to go on from.
 * @param closing is aborted when the stream closes: the source lets go of all it has, and what it waits for ends.
 * @param setState tells the application, not before the turn after the start. It may close the stream upon it.
 * @param setLastEventId takes an id that came without an item, once all before it has been handed out.
 */
export type Source = (
  lastEventId: string,
  closing: AbortSignal,
  setState: (state: StreamState, detail: StateDetail) => void,
  setLastEventId: (id: string) => void,
) => AsyncGenerator<WireItem, void>;

/** Checks the options, and returns what makes the items. */
export function createSource(url: string | URL, options: ConnectOptions): Source {
  const { body, fetch = globalThis.fetch, headers, lastEventId = "", retry, shouldRetry } = options;
  const { base = 1000, max = 30_000, stable = 10_000, attempts = Infinity, nonGet } = retry || {};
  const method = (options.method ?? "GET").toUpperCase();
  if (/[^A-Z]/.test(method)) throw new TypeError(`method must be a word, received ${method}`);
  // It throws for a URL that fetch() would not take, and names it.
  const { url: href } = new Request(url);
  const retries = retry !== false && (nonGet || method === "GET") ? attempts : 0;
  const { maxEventSize = 1, stallTimeout = retries ? 45_000 : Infinity } = options;
  requireOptions("positive number", {
    maxEventSize,
    stallTimeout,
    "retry.base": base,
    "retry.max": max,
    "retry.stable": stable,
    // No attempts are fine, too.
    "retry.attempts": attempts === 0 ? 1 : attempts,
  });
  requireOptions("string", { lastEventId });
  requireOptions("function", { fetch });
  const { clearTimeout, performance, random = Math.random, setTimeout } = options.clock ??
    globalThis as unknown as Clock;

  async function request(lastEventId: string, signal: AbortSignal): Promise<Response> {
    const sent = new Headers(await ask(headers));
    if (!sent.has("accept")) sent.set("accept", "text/event-stream");
    // A header's value has one character for each byte of the id's UTF-8.
    if (lastEventId) sent.set("last-event-id", unescape(encodeURIComponent(lastEventId)));
    return fetch(href, {
      // What else fetch() knows and is asked for, as credentials, goes to it as it is.
      ...options,
      method,
      headers: sent,
      body: await ask(body) ?? null,
      cache: "no-store",
      signal,
    } as RequestInit);
  }

  return async function* (lastEventId, closing, setState, setLastEventId) {
    // The one timer: the watchdog's, and then that of the wait.
    let timer: unknown;
    // Ends what is under way: a request and its response, or the wait for the next attempt.
    let stop: (() => void) | undefined;
    // When the random part of the present wait begins.
    let earliest: number | undefined;
    let hastenedAt = -Infinity;
    // What the server wants between two connections; it holds from one connection to the next.
    let serverDelay = 0;
    const onRetry = (milliseconds: number): void => void (serverDelay = Math.max(500, milliseconds));

    const over = (): void => {
      clearTimeout(timer);
      stop?.();
    };
    const setTimer = (milliseconds: number): void => {
      clearTimeout(timer);
      // A timer cannot take more than 31 bits, and would fire at once.
      if (milliseconds < Infinity) timer = setTimeout(over, Math.min(milliseconds, 2 ** 31 - 1));
    };
    // The random part is not waited for when the network is back or the page is seen again. That may be just before
    // the connection is found to be lost: one that was cut while the page was put away fails only once it is back.
    const hasten = (): void => {
      if (globalThis.document?.hidden) return;
      hastenedAt = performance.now();
      if (earliest !== undefined) setTimer(earliest - hastenedAt);
    };
    closing.onabort = over;
    for (const type of ["online", "visibilitychange"]) {
      // It is missing outside of browsers. The second event goes to the document, through the global object.
      globalThis.addEventListener?.(type, hasten, { signal: closing, capture: true });
    }

    for (let attempt = 0;;) {
      // Each request is aborted when it is over, whatever the reason.
      const control = new AbortController();
      let response: Response | undefined;
      let openedAt = Infinity;
      let cancel: (() => void) | undefined;
      let error: TidingsError;
      const failure = (code: TidingsErrorCode, message: string, cause?: unknown): TidingsError =>
        new TidingsError(code, message, { cause, response });
      try {
        // Later than now, so that the first change of state finds its listener.
        await null;
        setState("connecting", { attempt });
        if (closing.aborted) return;
        setTimer(stallTimeout);
        // Raced for a fetch, or a function that it waits for, which takes no notice of the signal.
        response = await Promise.race([
          request(lastEventId, control.signal),
          new Promise<never>((_, reject) =>
            stop = () => {
              control.abort();
              cancel?.();
              reject();
            }
          ),
        ]);
        const batches = readBatches(response, { ...options, lastEventId, onRetry }, (id, stopReading) => {
          cancel = stopReading;
          // Whoever heard of "open" may have closed the stream.
          if (closing.aborted) cancel();
          setLastEventId(lastEventId = id);
          setTimer(stallTimeout);
        });
        openedAt = performance.now();
        setState("open", { response });
        for await (const batch of batches) {
          // The watchdog runs while something is awaited. While nothing is being read the silence is our own.
          clearTimeout(timer);
          // The server's way to hand over an id on a quiet stream: the id counts, the event is none.
          for (const item of batch) {
            if (item.kind !== "event" || item.event !== "tidings-cursor" || item.data) yield item;
          }
        }
        throw failure("connection-ended", "Server ended the stream");
      } catch (cause) {
        error = control.signal.aborted
          ? failure("connection-stalled", `Nothing arrived for ${stallTimeout} ms`)
          : cause instanceof TidingsError
          ? cause
          : failure("connection-failed", "Connection failed: see the cause", cause);
      }
      // Cancelling a body does not close the connection in Firefox. But the body of a refusal, which nobody has
      // begun to read, must outlive the stream for whoever gets the error.
      if (openedAt === Infinity) stop = undefined;
      over();
      if (closing.aborted || (!retries && error.code === "connection-ended")) return;
      if (performance.now() - openedAt >= stable) attempt = 0;
      const retry = /^connection|status (408|425|429|5)/.test(`${error.code} ${error.response?.status}`);
      if (attempt >= retries || !(await shouldRetry?.(error, { attempt, retry }) ?? retry)) throw error;
      if (closing.aborted) return;
      // Nobody will read what came with the refusal. (A body that was read is locked, and gone already.)
      error.response?.body?.cancel().catch(() => {});

      // Seconds or a date. RFC 9110, section 10.2.3.
      const after = error.response?.headers.get("retry-after") as string;
      const least = Math.max(serverDelay, +after * 1000 || Date.parse(after) - Date.now() || 0);
      const start = performance.now();
      const delay = least +
        (start - hastenedAt < 1000 ? 0 : random() * Math.min(max, (serverDelay || base) * 2 ** attempt));
      hastenedAt = -Infinity;
      earliest = start + least;
      setTimer(delay);
      const waited = new Promise<void>((resolve) => stop = resolve);
      setState("waiting", { attempt: ++attempt, delay, error });
      await waited;
      earliest = undefined;
    }
  };
}

/** An option's value, or what it gives when it is asked. */
function ask<T>(option: T | (() => T | Promise<T>)): T | Promise<T> {
  return typeof option === "function" ? (option as () => T)() : option;
}
