/**
 * Defines the reader of a handler under test, as the test sees it.
 *
 * @module
 */

import type { ServerEvent } from "../client/parse.ts";

/** An event of the map, as a reader gives it. */
export type ReceivedEvent<Events extends object = Record<string, unknown>> = {
  [Name in keyof Events & string]: ServerEvent<Events[Name], Name> & {
    /** The data as it came over the wire; `data` is what JSON makes of it, or the same text if it is no JSON. */
    readonly text: string;
  };
}[keyof Events & string];

/** What an event is expected to be. What is left out may be anything. */
export interface ExpectedEvent {
  /** The event's name; that of an event which was sent without one is `"message"`. */
  event?: string | undefined;
  /** The data, as it was sent: a string, or anything that has the same JSON. */
  data?: unknown;
  /** The last event ID as of the event. */
  lastEventId?: string | undefined;
}

/**
 * The client of a handler under test. It takes what is sent as soon as it is sent, as a quick client does, and keeps it:
 * each event is given once, by whichever method asks first.
 */
export interface EventReader<Events extends object = Record<string, unknown>>
  extends AsyncIterable<ReceivedEvent<Events>> {
  /** What the handler answered. The reader has its body. */
  readonly response: Promise<Response>;
  /** All events that have come so far, in order, whether they were asked for or not. */
  readonly received: readonly ReceivedEvent<Events>[];
  /** The last event ID that a client would come back with, `""` if there is none. */
  readonly lastEventId: string;
  /** What the server asked for last by `retry`: milliseconds before a client reconnects; `undefined` if it did not. */
  readonly retry: number | undefined;
  /**
   * How the stream ended: `"final"`, the server said that its source is finished and nobody need come back; `"end"`, the
   * response ended, and an `EventSource` would come back; `"left"`, by {@linkcode EventReader.leave}. It rejects with the
   * error by which the stream was cut off, or if the answer is no event stream.
   */
  readonly closed: Promise<"final" | "end" | "left">;
  /**
   * The next event.
   *
   * @throws {Error} If none comes in time, or the stream has ended.
   */
  next(): Promise<ReceivedEvent<Events>>;
  /**
   * The next `count` events.
   *
   * @throws {Error} If they do not come in time, or the stream has ended: it lists those that did come.
   */
  take(count: number): Promise<ReceivedEvent<Events>[]>;
  /**
   * All events up to the end of the stream.
   *
   * @throws {Error} If it does not end in time, or is cut off.
   */
  rest(): Promise<ReceivedEvent<Events>[]>;
  /**
   * Waits for an event like this one, and gives it. Events before it are passed over, and count as given.
   *
   * To find that an event does *not* come, publish another one after it, and find that this one is
   * {@linkcode EventReader.next}.
   *
   * @throws {Error} If none comes in time, or the stream has ended: it lists what came instead.
   * @throws {TypeError} At once, for a name that is not known, a bare string or a second argument: an expectation that is not
   * looked at would hold of any event.
   */
  expectEvent<Name extends keyof Events & string = keyof Events & string>(
    expected: ExpectedEvent & { event?: Name | undefined; data?: Events[Name] | undefined },
  ): Promise<ReceivedEvent<Pick<Events, Name>>>;
  /** Waits for the first event of which the function says `true`, and gives it. */
  expectEvent(expected: (event: ReceivedEvent<Events>) => boolean): Promise<ReceivedEvent<Events>>;
  /**
   * Waits for the next comment, a keepalive for example, and gives its text. The empty comment that opens a stream is none.
   *
   * @throws {Error} If none comes in time, or the stream has ended.
   */
  expectComment(): Promise<string>;
  /**
   * Leaves, as a client does that closes its page: aborts the request's signal and cancels the body. Resolves when both is
   * done. Harmless for a stream that has ended.
   */
  leave(): Promise<void>;
  /** Leaves, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}
