/**
 * The client: event streams over `fetch`, for browsers, Bun, Deno and Node.
 *
 * {@linkcode connect} keeps a stream going over as many connections as it takes, {@linkcode parseSSE} reads a single
 * response, and {@linkcode createParser} is the synchronous parser under both.
 *
 * @module
 */
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export type { BodySource, HeadersSource } from "../base/web.ts";
export { connect } from "./connect.ts";
export type { ConnectOptions, RetryContext, RetryOptions } from "./connect_options.ts";
export type {
  EventOf,
  InvalidEvent,
  OtherEvent,
  SchemaOutput,
  SchemaResult,
  Schemas,
  ServerGap,
  StandardSchema,
  StreamItem,
} from "./items.ts";
export {
  createParser,
  type Parser,
  type ParserOptions,
  type ServerComment,
  type ServerEvent,
} from "./parse.ts";
export { type EventIterator, type EventSourceBody, type ParseOptions, parseSSE } from "./read.ts";
export type { EventStream, StateDetail, StreamState } from "./stream.ts";
