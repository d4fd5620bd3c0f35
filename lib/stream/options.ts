/**
 * Defines what every event stream takes and tells: its options, and why it ended.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { clockOption, durationOption, functionOption, namesOf, signalOption } from "../base/options.ts";
import type { HeadersSource } from "../base/web.ts";
import { checkCompression, type Compression } from "../wire/coding.ts";
import { checkCors, type CorsOptions } from "../wire/cors.ts";

/**
 * Why a stream ended.
 *
 * - `"client"`: the client left
 * - `"end"`: the source came to its end, or the server closed the stream
 * - `"error"`: the source threw; the error stands beside the reason
 * - `"aborted"`: the option `signal` was aborted
 * - `"overflow"`: more was sent than the client took, past the option `maxBuffer`
 * - `"lagging"`: a subscriber fell too far behind
 * - `"lifetime"`: a subscriber had been there as long as the limit `lifetime` lets it
 */
export type CloseReason = "client" | "end" | "error" | "aborted" | "overflow" | "lagging" | "lifetime";

/** How a stream ended, as the option `onClose` is told. */
export interface CloseInfo {
  /** Why. */
  readonly reason: CloseReason;
  /** What the source threw, with the reason `"error"`. It is for the operator: the client is told nothing of it. */
  readonly error?: unknown;
  /** What was still in the history for a subscriber that was cut off, with the reason `"lagging"`. */
  readonly waiting?: { readonly events: number; readonly bytes: number };
}

/** Options of every event stream, which {@linkcode createSSEResponse} and `subscribe` take alike. */
export interface StreamOptions {
  /**
   * Milliseconds between keepalive comments, which keep proxies and idle time-outs from ending a quiet stream; `false`
   * or `Infinity` for none. Default: 15,000, and 5,000 on Bun, whose default idle time-out ends a stream after 8 s of silence.
   */
  keepalive?: number | false | undefined;
  /** Milliseconds a browser waits before it reconnects. Default: the browser's own, 3 to 5 s. */
  retry?: number | undefined;
  /**
   * Headers of the response, over the defaults `content-type: text/event-stream`,
   * `cache-control: no-cache, no-transform` and `x-accel-buffering: no`.
   */
  headers?: HeadersSource | undefined;
  /**
   * Lets pages of other origins read the stream. An `OPTIONS` request, by which browsers ask first, is answered with 204
   * and starts nothing, so pass these on too. Default: only pages of the same origin.
   */
  cors?: CorsOptions | undefined;
  /**
   * Packs the stream for clients that can unpack it: `gzip()` of `tidings/compression`. Where chunks are many and small,
   * as with a model's tokens for one client, there is little to gain. Default: none.
   */
  compression?: Compression | undefined;
  /** Ends the stream when it is aborted. */
  signal?: AbortSignal | undefined;
  /** Called exactly once when the stream has ended, however it ended. Not called if it never began. */
  onClose?: ((info: CloseInfo) => void) | undefined;
  /** Time and chance, for tests. Default: the runtime's own. */
  clock?: Clock | undefined;
}

/** The names of {@linkcode StreamOptions}. */
export const STREAM_OPTIONS: readonly string[] = namesOf<StreamOptions>({
  keepalive: true,
  retry: true,
  headers: true,
  cors: true,
  compression: true,
  signal: true,
  onClose: true,
  clock: true,
});

/** What other libraries call the option `keepalive`. */
export const KEEPALIVE_ELSEWHERE: Readonly<Record<string, string>> = {
  heartbeat: "keepalive",
  heartbeatInterval: "keepalive",
  ping: "keepalive",
  pingInterval: "keepalive",
};

/**
 * Checks the values of the options that every stream has.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkStreamOptions(options: StreamOptions): void {
  const { keepalive, retry, cors, compression, signal, onClose, clock } = options;
  if (keepalive !== undefined && keepalive !== false) {
    durationOption("keepalive", keepalive, { least: 1, endless: true });
  }
  if (retry !== undefined) durationOption("retry", retry, { least: 0 });
  checkCors(cors);
  checkCompression(compression);
  signalOption(signal);
  functionOption("onClose", onClose);
  clockOption(clock);
}
