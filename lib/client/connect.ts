// A stream of events over one connection after the other. The HTML standard, sections 9.2.2 "The EventSource interface"
// to 9.2.4 "The Last-Event-ID header", with the reconnecting that it leaves to the client.
import { pause, retryAfter, systemClock } from "./backoff.ts";
import type { ConnectOptions } from "./connect_options.ts";
import { hold } from "./connection.ts";
import { createInbox } from "./inbox.ts";
import type { Schemas } from "./items.ts";
import { positive, requireOption } from "./options.ts";
import { createParser, type ServerComment, type ServerEvent } from "./parse.ts";
import { mayPass } from "./response.ts";
import type { EventStream } from "./stream.ts";

/**
 * Connects to an event stream and keeps connected: it reconnects with the last event ID, so that no event is lost or
 * doubled where the server keeps them.
 *
 * A request that is not a GET is made once, unless `retry.nonGet` says otherwise, and the end of its response is the end
 * of the stream. A failure that is final reaches the loop over the stream as a `TidingsError`, with the `Response` where
 * there was one. In a browser a missing CORS header looks like any broken connection, and is retried.
 *
 * @throws {TypeError} when an option is wrong.
 *
 * @example
 * ```ts
 * import { connect } from "@tidings/tidings/client";
 *
 * const fetch = () => Promise.resolve(
 *   new Response("event: token\ndata: Hi\n\n", { headers: { "content-type": "text/event-stream" } }),
 * );
 * const stream = connect("https://example.com/events", {
 *   headers: async () => ({ authorization: `Bearer ${await Promise.resolve("token")}` }),
 *   fetch, // for the example's sake
 * });
 * stream.onstate = (state) => console.log(state); // "connecting", "open", …
 * for await (const item of stream) {
 *   if (item.kind === "gap") console.log("load anew, events were lost");
 *   else if (item.event === "token") break; // closes the stream
 * }
 * ```
 */
export function connect<S extends Schemas = Record<never, never>, Comments extends boolean = false>(
  url: string | URL,
  options: ConnectOptions<S, Comments> = {},
): EventStream<S, Comments> {
  const {
    body,
    clock = systemClock,
    fetch = globalThis.fetch,
    headers,
    lastEventId = "",
    shouldRetry,
    signal,
  } = options;
  const { base, max, attempts = Infinity, stable, nonGet } = options.retry || {};
  const baseDelay = positive("retry.base", base, 1000);
  const maxDelay = positive("retry.max", max, 30_000);
  const stableTime = positive("retry.stable", stable, 10_000);
  requireOption(attempts >= 0, "retry.attempts", "a number, not negative", attempts);
  const method = (options.method ?? "GET").toUpperCase();
  const retries = options.retry === false || (method !== "GET" && !nonGet) ? 0 : attempts;
  const stallTimeout = positive("stallTimeout", options.stallTimeout, retries ? 45_000 : Infinity);
  const maxEventSize = positive("maxEventSize", options.maxEventSize, 1 << 20);
  const maxQueued = positive("maxQueued", options.maxQueued, 256);
  requireOption(typeof lastEventId === "string", "lastEventId", "a string", lastEventId);
  requireOption(typeof fetch === "function", "fetch", "a function", fetch);
  let href: string;
  try {
    href = new Request(url, { method }).url;
  } catch (cause) {
    throw new TypeError(`url and method must be fit for fetch(), received ${String(url)}, ${method}`, {
      cause,
    });
  }

  // As of what has arrived, which may be ahead of what the application has taken.
  let received = lastEventId;
  let serverDelay = 0;
  // Ends whatever is under way: a connection, or the wait for the next.
  let interrupt = (): void => {};

  const inbox = createInbox({
    schemas: options.schemas,
    lastEventId,
    maxQueued,
    onClose: () => {
      signal?.removeEventListener("abort", inbox.stream.close);
      interrupt();
    },
  });
  const push = (item: ServerEvent | ServerComment): void => {
    // The server's way to hand over an id on a quiet stream; the id counts, the event is none.
    if (item.kind !== "event" || item.event !== "tidings-cursor" || item.data) inbox.push(item);
  };

  async function request(signal: AbortSignal): Promise<Response> {
    const sent = new Headers(typeof headers === "function" ? await headers() : headers);
    if (!sent.has("accept")) sent.set("accept", "text/event-stream");
    if (received) sent.set("last-event-id", utf8(received));
    return fetch(href, {
      method,
      headers: sent,
      body: (typeof body === "function" ? await body() : body) ?? null,
      credentials: options.credentials ?? "same-origin",
      cache: "no-store",
      signal,
    });
  }

  async function run(): Promise<void> {
    for (let attempt = 0; !inbox.closed;) {
      inbox.setState("connecting", { attempt });
      const control = new AbortController();
      interrupt = () => control.abort();
      let openedAt = Infinity;
      const parser = createParser({
        onEvent: push,
        onComment: options.comments ? push : undefined,
        onRetry: (milliseconds) => serverDelay = Math.max(500, milliseconds),
        lastEventId: received,
        maxEventSize,
      });
      const error = await hold(control, request, stallTimeout, clock, (response) => {
        openedAt = clock.now();
        inbox.setState("open", { response });
      }, (text) => {
        try {
          parser.feed(text);
        } finally {
          inbox.mark(received = parser.lastEventId);
        }
        return inbox.room();
      });
      // It is over; a refusal's body must outlive the stream, for whoever gets the error.
      interrupt = () => {};
      if (inbox.closed) return;
      if (!retries && error.code === "connection-ended") return inbox.end();
      if (clock.now() - openedAt >= stableTime) attempt = 0;
      const retry = mayPass(error);
      if (attempt >= retries || !(await shouldRetry?.(error, { attempt, retry }) ?? retry)) {
        return inbox.end(error);
      }
      if (inbox.closed) return;
      // Nobody will read what came with the refusal. (A body that was read is locked, and gone already.)
      error.response?.body?.cancel().catch(() => {});
      const least = Math.max(serverDelay, retryAfter(error.response));
      const extra = clock.random() * Math.min(maxDelay, (serverDelay || baseDelay) * 2 ** attempt++);
      inbox.setState("waiting", { attempt, delay: least + extra, error });
      await pause(clock, least, extra, (stop) => interrupt = stop);
    }
  }

  if (signal?.aborted) inbox.stream.close();
  else signal?.addEventListener("abort", inbox.stream.close);
  // Later than now, so that the first change of state finds its listener.
  Promise.resolve().then(run).catch(inbox.end);
  return inbox.stream as unknown as EventStream<S, Comments>;
}

/** An id as a header's value has to carry it: a string with one character for each byte of its UTF-8. */
function utf8(id: string): string {
  return new TextEncoder().encode(id).reduce((text, byte) => text + String.fromCharCode(byte), "");
}
