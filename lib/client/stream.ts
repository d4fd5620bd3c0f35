/**
 * Defines a connected stream as the application sees it.
 *
 * @module
 */
import type { EventOf, Schemas, StreamItem } from "./items.ts";

/**
 * Where a stream stands: `"connecting"` while a request is under way, `"open"` while events can arrive, `"waiting"`
 * until the next attempt, `"closed"` for good.
 */
export type StreamState = "connecting" | "open" | "waiting" | "closed";

/** What is known about a change of state. */
export interface StateDetail {
  /** The attempts that have failed in a row, 0 at first; on `"connecting"` and `"waiting"`. */
  readonly attempt?: number;
  /** Milliseconds until the next attempt; on `"waiting"`. */
  readonly delay?: number;
  /** Why the connection was lost, mostly a `TidingsError`; on `"waiting"`, and on `"closed"` unless all went well. */
  readonly error?: unknown;
  /** Who ended it, without an error: the server ("end"), or the application ("close"); on `"closed"`. */
  readonly reason?: "end" | "close";
  /** The response whose events arrive; on `"open"`. */
  readonly response?: Response;
}

/**
 * A stream of events over as many connections as it takes. Consume it in one of two ways, or both:
 *
 * - iterate over it: the loop takes each item in order, and leaving the loop closes the stream. When the connection is
 *   lost for good, the loop takes what had arrived and then throws;
 * - add handlers with `on()`: each item goes to its handlers in order, and a handler that returns a promise is awaited.
 *   A handler that throws closes the stream with its error.
 *
 * Handlers and loops take each item in the order in which they were added or begun, one after the other, and the next
 * item comes when all are done with it. While a loop's body runs the connection is read until the next item is there; while
 * a handler's promise is awaited it is not read.
 *
 * Until somebody does either, what was read last waits, and all else in the network: nothing is read ahead.
 */
export interface EventStream<S extends Schemas = Record<never, never>, Comments extends boolean = false>
  extends AsyncIterable<StreamItem<S, Comments>> {
  /** Where the stream stands. */
  readonly state: StreamState;
  /**
   * The last event ID as of the last item handed out, `""` if there was none. Keep it, and pass it as the option
   * `lastEventId` to go on from there in another page load or process.
   */
  readonly lastEventId: string;
  /**
   * Settles once the stream has closed and all has been handed out. It gives `"end"` when the stream has come to its end
   * and there is nothing to come back for: a tidings server said that its source is finished, or the response ended
   * where there is no retry. `"close"` is for `close()`, an aborted signal and a loop that was left. It rejects with the
   * error the stream closed with, if any.
   */
  readonly closed: Promise<"end" | "close">;
  /** Called on each change of state, the first `"connecting"` included if it is set right after `connect()`. */
  onstate: ((state: StreamState, detail: StateDetail) => void) | undefined;
  /** Calls the handler with each item, and returns what removes it. The first handler starts the flow. */
  on(handler: (item: StreamItem<S, Comments>) => unknown): () => void;
  /**
   * Calls the handler with each event of this name; the name `"gap"` is for gaps. A gap that neither a handler nor a loop
   * takes is printed by `console.error`.
   */
  on<Name extends (keyof S & string) | "message" | "gap" | (string & Record<never, never>)>(
    event: Name,
    handler: (item: EventOf<S, Name>) => unknown,
  ): () => void;
  /** Closes the stream: the connection, timers and listeners go, a loop over it ends, what is not handed out is dropped. */
  close(): void;
  /** Starts an iteration, at what is handed out next. */
  [Symbol.asyncIterator](): AsyncIterator<StreamItem<S, Comments>, undefined>;
}
