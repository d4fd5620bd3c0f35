/**
 * What every event stream can be told, and how it tells of its end.
 *
 * @module
 */

import { checkCompression, type Compression } from "../wire/coding.ts";
import { checkCors, type CorsOptions } from "../wire/cors.ts";
import { hasLeft } from "./departure.ts";
import { functionOption, numberOption, wrongOption } from "../base/options.ts";

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

/** What every event stream can be told, by {@linkcode createSSEResponse} and by `subscribe` alike. */
export interface StreamOptions {
  /**
   * Milliseconds between keepalive comments, which keep proxies and idle time-outs from ending a quiet stream; `false`
   * for none. Default: 15,000, and 5,000 on Bun, whose default idle time-out ends a stream after 8 s of silence.
   */
  keepalive?: number | false | undefined;
  /** Milliseconds a browser waits before it reconnects. Default: the browser's own, 3 to 5 s. */
  retry?: number | undefined;
  /**
   * Headers of the response, over the defaults `content-type: text/event-stream`,
   * `cache-control: no-cache, no-transform` and `x-accel-buffering: no`.
   */
  headers?: HeadersInit | undefined;
  /**
   * Lets pages of other origins read the stream. An `OPTIONS` request, by which browsers ask first, is answered with 204 and
   * starts nothing, so pass these on too. Default: only pages of the same origin.
   */
  cors?: CorsOptions | undefined;
  /**
   * Packs the stream for clients that can unpack it: `gzip()` of `tidings/compression`. Default: none. Where chunks are many
   * and small, as with a model's tokens for one client, there is little to gain.
   */
  compression?: Compression | undefined;
  /** Ends the stream when it is aborted. */
  signal?: AbortSignal | undefined;
  /** Called exactly once when the stream has ended, however it ended. Not called if it never began. */
  onClose?: ((info: CloseInfo) => void) | undefined;
}

/**
 * Checks the options that every stream has.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkStreamOptions(options: StreamOptions): void {
  const { keepalive, retry, cors, compression, signal, onClose } = options;
  if (keepalive !== undefined && keepalive !== false) {
    numberOption("keepalive", keepalive, { least: 1, unit: "milliseconds (or false for none)" });
  }
  if (retry !== undefined) numberOption("retry", retry, { least: 0, unit: "milliseconds" });
  checkCors(cors);
  checkCompression(compression);
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    throw wrongOption("signal", "an AbortSignal", signal);
  }
  functionOption("onClose", onClose);
}

/** Whether there is nobody to stream to: the client left before it began, or the caller's signal says so. */
export function isOver(request: Request, options: StreamOptions): boolean {
  return hasLeft(request) || options.signal?.aborted === true;
}

/** The first bytes of a stream: a comment, and the reconnection time if one was asked for. */
export function prelude(retry: number | undefined): string {
  return retry === undefined ? ":\n\n" : `:\nretry: ${retry}\n\n`;
}
