/**
 * Connects to an event stream, and stays connected.
 *
 * @module
 */
import type { ConnectOptions } from "./connect_options.ts";
import { createStream } from "./consume.ts";
import type { Schemas } from "./items.ts";
import { createSource } from "./source.ts";
import type { EventStream } from "./stream.ts";

/**
 * Connects to an event stream and keeps connected: it reconnects with the last event ID, so that no event is lost or
 * doubled where the server keeps them.
 *
 * When a tidings server says that its source is finished, that is the end: the loop ends, `closed` gives `"end"`, and no
 * further request is made.
 *
 * A request that is not a GET is made once, unless `retry.nonGet` says otherwise, and the end of its response is the end
 * of the stream. A failure that is final reaches the loop over the stream as a `TidingsError`, with the `Response` where
 * there was one. In a browser a missing CORS header looks like any broken connection, and is retried.
 *
 * An id that no header can carry, which a foreign server may send (control characters, blanks at its ends), cannot be
 * resumed from: the stream goes on without it, and a gap says so.
 *
 * Across origins a browser asks the server first (a CORS preflight) when `Last-Event-ID` or headers of your own are
 * sent: have it allow them, and expose `Retry-After` for the client to see it.
 *
 * Caches are told to keep out of it: by `cache: "no-store"`, and where there is no page also by the header
 * `Cache-Control: no-cache`, unless `headers` has one.
 *
 * @throws {TypeError} when an option is wrong or not known, or the URL is relative and there is no page.
 *
 * @example
 * ```ts
 * import { connect } from "tidings/client";
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
  return createStream(createSource(url, options), options) as unknown as EventStream<S, Comments>;
}
