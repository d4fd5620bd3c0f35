// The items of one connection after the other, with all the reconnecting. The HTML standard, sections 9.2.2 "The
// EventSource interface" to 9.2.4 "The Last-Event-ID header", with what it leaves to the client.
import { TidingsError } from "../errors.ts";
import { MAX_TIMEOUT, pause, retryAfter, systemClock } from "./backoff.ts";
import type { ConnectOptions } from "./connect_options.ts";
import type { Consumer } from "./consume.ts";
import { positive, requireOption } from "./options.ts";
import { readItems, type WireItem } from "./read.ts";
import { mayPass } from "./response.ts";

/** Checks the options, and returns what makes the items for a consumer. */
export function createSource(
  url: string | URL,
  options: ConnectOptions,
): (consumer: Consumer) => AsyncGenerator<WireItem, void> {
  const {
    body,
    clock = systemClock,
    fetch = globalThis.fetch,
    headers,
    lastEventId = "",
    shouldRetry,
  } = options;
  const { base, max, attempts = Infinity, stable, nonGet } = options.retry || {};
  const baseDelay = positive("retry.base", base, 1000);
  const maxDelay = positive("retry.max", max, 30_000);
  const stableTime = positive("retry.stable", stable, 10_000);
  requireOption(attempts >= 0, "retry.attempts", "a number, not negative", attempts);
  const method = (options.method ?? "GET").toUpperCase();
  const retries = options.retry === false || (method !== "GET" && !nonGet) ? 0 : attempts;
  const stallTimeout = positive("stallTimeout", options.stallTimeout, retries ? 45_000 : Infinity);
  positive("maxEventSize", options.maxEventSize, 1);
  requireOption(typeof lastEventId === "string", "lastEventId", "a string", lastEventId);
  requireOption(typeof fetch === "function", "fetch", "a function", fetch);
  requireOption(/^[A-Z]+$/.test(method), "method", "an HTTP method", method);
  let href!: string;
  try {
    href = new Request(url).url;
  } catch {
    requireOption(false, "url", "one that fetch() takes", url);
  }

  // What the server wants between two connections; it holds from one connection to the next.
  let serverDelay = 0;
  const onRetry = (milliseconds: number): void => void (serverDelay = Math.max(500, milliseconds));

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

  async function* run(consumer: Consumer): AsyncGenerator<WireItem, void> {
    for (let attempt = 0;;) {
      consumer.setState("connecting", { attempt });
      // Whoever hears of it may have closed the stream.
      if (consumer.isClosed()) return;
      const control = new AbortController();
      let response: Response | undefined;
      let openedAt = Infinity;
      let error: TidingsError;
      let items: AsyncIterableIterator<WireItem> | undefined;
      let timer: unknown;
      // The watchdog runs while something is awaited. While nothing is being read the silence is our own.
      const watch = (): void => {
        clock.clearTimeout(timer);
        if (stallTimeout > MAX_TIMEOUT) return;
        timer = clock.setTimeout(
          () =>
            control.abort(new TidingsError("connection-stalled", `Nothing arrived for ${stallTimeout} ms`)),
          stallTimeout,
        );
      };
      try {
        consumer.interrupt = () => control.abort();
        watch();
        // Raced for a fetch, or a function that it waits for, which takes no notice of the signal.
        response = await Promise.race([
          request(consumer.lastEventId, control.signal),
          new Promise<never>((_, reject) => {
            control.signal.addEventListener("abort", () => {
              items?.return?.();
              reject(control.signal.reason);
            });
          }),
        ]);
        const { lastEventId } = consumer;
        items = readItems(response, { ...options, lastEventId, onRetry }, (id) => {
          consumer.lastEventId = id;
          watch();
        });
        openedAt = clock.now();
        consumer.setState("open", { response });
        for await (const item of items) {
          clock.clearTimeout(timer);
          // The server's way to hand over an id on a quiet stream: the id counts, the event is none.
          if (item.kind !== "event" || item.event !== "tidings-cursor" || item.data) yield item;
        }
        control.signal.throwIfAborted();
        error = new TidingsError("connection-ended", "Server ended the response", { response });
      } catch (thrown) {
        // Runtimes differ in what an aborted read rejects with.
        const cause: unknown = control.signal.aborted ? control.signal.reason : thrown;
        error = cause instanceof TidingsError
          ? cause
          : new TidingsError("connection-failed", "Connection failed: see the cause", { cause, response });
      } finally {
        clock.clearTimeout(timer);
        // Cancelling a body does not close the connection in Firefox. But the body of a refusal, which nobody has
        // begun to read, must outlive the stream for whoever gets the error.
        consumer.interrupt = () => {};
        if (items) control.abort();
      }
      if (consumer.isClosed() || (!retries && error.code === "connection-ended")) return;
      if (clock.now() - openedAt >= stableTime) attempt = 0;
      const retry = mayPass(error);
      if (attempt >= retries || !(await shouldRetry?.(error, { attempt, retry }) ?? retry)) throw error;
      // Nobody will read what came with the refusal. (A body that was read is locked, and gone already.)
      error.response?.body?.cancel().catch(() => {});
      const least = Math.max(serverDelay, retryAfter(error.response));
      const extra = clock.random() * Math.min(maxDelay, (serverDelay || baseDelay) * 2 ** attempt++);
      consumer.setState("waiting", { attempt, delay: least + extra, error });
      if (consumer.isClosed()) return;
      await pause(clock, least, extra, (stop) => consumer.interrupt = stop);
    }
  }

  return run;
}

/** An id as a header's value has to carry it: a string with one character for each byte of its UTF-8. */
function utf8(id: string): string {
  return new TextEncoder().encode(id).reduce((text, byte) => text + String.fromCharCode(byte), "");
}
