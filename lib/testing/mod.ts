/**
 * Tests handlers that answer with an event stream, without a socket and without waiting: {@linkcode readEvents} reads what a
 * handler sends, and {@linkcode turnedClock} lets time pass by hand. It imports no test runner, so it works in all.
 *
 * @module
 */
export type { Clock } from "../base/clock.ts";
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export type { HeadersSource } from "../base/web.ts";
export type { ServerEvent } from "../client/parse.ts";
export type { EventReader, ExpectedEvent, ReceivedEvent } from "./event_reader.ts";
export { type EventSourceHandler, readEvents, type ReadOptions } from "./reader.ts";
export { type TurnedClock, turnedClock, type TurnedClockOptions } from "./turned_clock.ts";
