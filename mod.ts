/**
 * Server-Sent Events for every web-standard runtime, on `Request`, `Response` and `ReadableStream` alone.
 *
 * {@linkcode createSSEResponse} streams one source to one client; a {@linkcode Broadcaster} one source to many.
 *
 * @module
 */

export type { CloseOptions, Connection } from "./lib/response/connection.ts";
export type { CorsOptions } from "./lib/wire/cors.ts";
export { TidingsError, type TidingsErrorCode } from "./lib/base/errors.ts";
export { encodeComment, encodeEvent, type EventInput, type ServerSentEvent } from "./lib/wire/event.ts";
export {
  createSSEResponse,
  type EventSourceInput,
  type SetupResult,
  type SSEResponseOptions,
} from "./lib/response/response.ts";
export type { EventIterable } from "./lib/response/source.ts";
export type { CloseInfo, CloseReason, StreamOptions } from "./lib/stream/options.ts";
export type { LimitOptions } from "./lib/broadcaster/admission.ts";
export { Broadcaster } from "./lib/broadcaster/broadcaster.ts";
export type {
  BroadcasterOptions,
  BroadcasterStats,
  ClientInfo,
  HistoryOptions,
  LagPolicy,
  SharedStreamOptions,
  SubscribeOptions,
} from "./lib/broadcaster/options.ts";
export type { DrainOptions } from "./lib/broadcaster/drain.ts";
export type { Gap, GapReason } from "./lib/log/gap.ts";
export type { TopicIndex, TopicMatcher } from "./lib/log/matchers.ts";
export type { Health } from "./lib/log/sequencer.ts";
export type { Clock } from "./lib/base/clock.ts";
export type { HeadersSource } from "./lib/base/web.ts";
export type { Compression, StreamEncoder } from "./lib/wire/coding.ts";
export type {
  Backplane,
  BackplaneEntry,
  BackplaneMessage,
  BackplaneReader,
} from "./lib/cluster/backplane.ts";
export type { EventMap, PublishEvent, PublishFields, PublishInput } from "./lib/log/typed.ts";
