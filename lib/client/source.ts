// The items of one connection after the other, with all the reconnecting. The HTML standard, sections 9.2.2 "The
// EventSource interface" to 9.2.4 "The Last-Event-ID header", with what it leaves to the client.
import { TidingsError, type TidingsErrorCode } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { ConnectOptions } from "./connect_options.ts";
import type { Consumer } from "./consume.ts";
import { requireOptions } from "./options.ts";
import { readBatches, type WireItem } from "./read.ts";
import { mayPass, requireEventStream, retryAfter } from "./response.ts";

/** What a timer can take; a longer one would fire at once. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** Checks the options, and returns what makes the items for a consumer. */
export function createSource(
  url: string | URL,
  options: ConnectOptions,
): (consumer: Consumer) => AsyncGenerator<WireItem, void> {
  const { body, fetch = globalThis.fetch, headers, lastEventId = "", retry, shouldRetry } = options;
  const { base = 1000, max = 30_000, stable = 10_000, attempts = Infinity, nonGet } = retry || {};
  const method = (options.method ?? "GET").toUpperCase();
  if (!/^[A-Z]+$/.test(method)) throw new TypeError(`method must be an HTTP method, received ${method}`);
  // It throws for a URL that fetch() would not take, and names it.
  const { url: href } = new Request(url);
  const retries = retry !== false && (nonGet || method === "GET") ? attempts : 0;
  const { maxEventSize = 1, stallTimeout = retries ? 45_000 : Infinity } = options;
  requireOptions("number", { maxEventSize, stallTimeout });
  // No attempts are fine, too.
  requireOptions("number", { base, max, stable, attempts: attempts === 0 ? 1 : attempts }, "retry.");
  requireOptions("string", { lastEventId });
  requireOptions("function", { fetch });
  const { clearTimeout, performance, random = Math.random, setTimeout } = options.clock ??
    globalThis as unknown as Clock;

  async function request(lastEventId: string, signal: AbortSignal): Promise<Response> {
    const sent = new Headers(typeof headers === "function" ? await headers() : headers);
    if (!sent.has("accept")) sent.set("accept", "text/event-stream");
    if (lastEventId) sent.set("last-event-id", utf8(lastEventId));
    return fetch(href, {
      method,
      headers: sent,
      body: (typeof body === "function" ? await body() : body) ?? null,
      credentials: options.credentials ?? "same-origin",
      cache: "no-store",
      signal,
    });
  }

  return async function* (consumer) {
    // The one timer: the watchdog's, and then that of the wait.
    let timer: unknown;
    // Of the present request or wait. It is aborted when that is over, whatever the reason.
    let control: AbortController;
    const over = (): void => {
      clearTimeout(timer);
      control.abort();
    };
    consumer.signal.onabort = over;
    const setTimer = (milliseconds: number, callback: () => void): void => {
      clearTimeout(timer);
      if (milliseconds < Infinity) timer = setTimeout(callback, Math.min(milliseconds, MAX_TIMEOUT));
    };
    // What the server wants between two connections; it holds from one connection to the next.
    let serverDelay = 0;
    const onRetry = (milliseconds: number): void => void (serverDelay = Math.max(500, milliseconds));

    // A connection that was cut while the page was put away fails only once the page is back, and after this.
    let restoredAt = -Infinity;
    const onPageShow = ({ persisted }: PageTransitionEvent): void => {
      if (persisted) restoredAt = performance.now();
    };
    globalThis.addEventListener?.("pageshow", onPageShow, consumer);

    for (let attempt = 0;;) {
      control = new AbortController();
      const { signal } = control;
      let response: Response | undefined;
      let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
      let openedAt = Infinity;
      let error: TidingsError;
      const failure = (code: TidingsErrorCode, message: string, cause?: unknown): TidingsError =>
        new TidingsError(code, message, { cause, response });
      // The watchdog runs while something is awaited. While nothing is being read the silence is our own.
      const watch = (): void =>
        setTimer(
          stallTimeout,
          () => control.abort(failure("connection-stalled", `Nothing arrived for ${stallTimeout} ms`)),
        );
      try {
        // Later than now, so that the first change of state finds its listener.
        await null;
        consumer.setState("connecting", { attempt });
        // Whoever heard of it may have closed the stream.
        consumer.signal.throwIfAborted();
        watch();
        // Raced for a fetch, or a function that it waits for, which takes no notice of the signal.
        response = await Promise.race([
          request(consumer.lastEventId, signal),
          new Promise<never>((_, reject) =>
            signal.addEventListener("abort", () => {
              reader?.cancel().catch(() => {});
              reject(signal.reason);
            })
          ),
        ]);
        requireEventStream(response);
        reader = response.body?.getReader();
        openedAt = performance.now();
        consumer.setState("open", { response });
        const { lastEventId } = consumer;
        const batches = readBatches(reader, { ...options, lastEventId, onRetry, response }, (id) => {
          consumer.lastEventId = id;
          watch();
        });
        for await (const batch of batches) {
          clearTimeout(timer);
          for (const item of batch) {
            // The server's way to hand over an id on a quiet stream: the id counts, the event is none.
            if (item.kind !== "event" || item.event !== "tidings-cursor" || item.data) yield item;
          }
        }
        signal.throwIfAborted();
        throw failure("connection-ended", "Server ended the response");
      } catch (thrown) {
        // Runtimes differ in what an aborted read rejects with.
        const cause: unknown = signal.aborted ? signal.reason : thrown;
        error = cause instanceof TidingsError
          ? cause
          : failure("connection-failed", "Connection failed: see the cause", cause);
      }
      clearTimeout(timer);
      // Cancelling a body does not close the connection in Firefox. But the body of a refusal, which nobody has
      // begun to read, must outlive the stream for whoever gets the error.
      if (reader) over();
      control = new AbortController();
      if (consumer.signal.aborted || (!retries && error.code === "connection-ended")) return;
      if (performance.now() - openedAt >= stable) attempt = 0;
      const retry = mayPass(error);
      if (attempt >= retries || !(await shouldRetry?.(error, { attempt, retry }) ?? retry)) throw error;
      // Nobody will read what came with the refusal. (A body that was read is locked, and gone already.)
      error.response?.body?.cancel().catch(() => {});

      const waited = new Promise((resolve) => control.signal.onabort = resolve);
      const least = Math.max(serverDelay, retryAfter(error.response));
      const start = performance.now();
      const extra = start - restoredAt < 1000
        ? 0
        : random() * Math.min(max, (serverDelay || base) * 2 ** attempt);
      attempt++;
      restoredAt = -Infinity;
      setTimer(least + extra, over);
      // The random part is not waited for when the network is back or the page is seen again.
      const hasten = (): void => {
        if (!globalThis.document?.hidden) setTimer(least + start - performance.now(), over);
      };
      // Both are missing outside of browsers, the second in a worker too.
      globalThis.addEventListener?.("online", hasten, control);
      globalThis.document?.addEventListener("visibilitychange", hasten, control);
      consumer.setState("waiting", { attempt, delay: least + extra, error });
      await waited;
    }
  };
}

/** An id as a header's value has to carry it: a string with one character for each byte of its UTF-8. */
function utf8(id: string): string {
  return new TextEncoder().encode(id).reduce((text, byte) => text + String.fromCharCode(byte), "");
}
