/**
 * Keeps the messages of MCP sessions in resumable streams: {@linkcode eventStore}.
 *
 * The SDK's types are not imported: what stands here has their shape, of 1.x and of 2.x.
 *
 * @module
 */

import { report, show, TidingsError } from "../base/errors.ts";
import { checkNames, namesOf, numberOption, wrongOption } from "../base/options.ts";
import { parseCursor } from "../log/cursor.ts";
import type { ResumableStreams } from "../resumable/streams.ts";
import { checkSession, type EventPlace, formatEventId, nameOf } from "./ids.ts";
import { OutgoingStream } from "./outgoing.ts";
import { findPlace, isMessage, seqOf } from "./replay.ts";

/** Where a replay's messages go: the SDK's transport has one. */
export interface EventSender {
  /** Sends a stored message to the client that came back. */
  send(eventId: string, message: unknown): Promise<void>;
}

/** The `EventStore` of `@modelcontextprotocol/sdk` and `@modelcontextprotocol/server`, for one session. */
export interface SessionEventStore {
  /**
   * Stores a message. Resolves with its id once the store has it. The stream ends after a response, can be read for as long as
   * the option `keep` of `ResumableStreams` says, and is forgotten.
   *
   * @param streamId The stream's id in the session. Only one process at a time may write to it.
   * @param message A JSON-RPC message, or an empty object for a priming event.
   * @throws {TidingsError} What `open` and `append` of `ResumableStreams` reject with; `"closed"`, after `close()`.
   */
  storeEvent(streamId: string, message: object): Promise<string>;
  /** The id of the stream that an event belongs to; `undefined` for an id that is none of this session's, or no longer kept. */
  getStreamIdForEventId(eventId: string): Promise<string | undefined>;
  /**
   * Sends what was stored after an event, and resolves with the stream's id. If another process writes the stream, `send` is
   * called with what that goes on storing until the stream ends, another replay of it begins, or `close()` is called; and if
   * nothing was stored after the event yet, it resolves with the next message or one of these.
   *
   * @throws {TidingsError} With code `"stream-cursor"`, for an id that is none of this session's, or no longer kept.
   */
  replayEventsAfter(lastEventId: string, sender: EventSender): Promise<string>;
  /** The session is over: its streams that this process writes end, and nothing can be stored any more. */
  close(): Promise<void>;
}

/** Options of {@linkcode eventStore}. */
export interface EventStoreOptions {
  /**
   * The session's id, the one that its transport has: an id of another session's event leads nowhere. 1 to 150 characters,
   * fewer where some must be escaped in a URL. With the user's id before it, see the option `session` of `resume`.
   */
  session: string;
  /**
   * Streams of the session that may be open in this process: one for each call that has not been answered, and one for what
   * belongs to no call. With one more, the one that was silent for longest ends. Calls that were cancelled are never answered,
   * and count until then. Default: 100.
   */
  maxStreams?: number | undefined;
}

const OPTIONS = namesOf<EventStoreOptions>({ session: true, maxStreams: true });

/**
 * Makes the event store of one MCP session, by which a client whose connection broke gets what it missed, also from another
 * process that has the same store. Make one for each session, and so for each transport; close it with the transport.
 *
 * @param streams Where the messages are kept. Each call that is being worked on counts for its limit `running`.
 * @throws {TypeError} If an option is wrong, naming it.
 *
 * @example
 * ```ts
 * import { eventStore } from "tidings/mcp";
 * import { ResumableStreams } from "tidings/resumable";
 *
 * const streams = new ResumableStreams(); // in production: { store: redisStore(client) }
 * const session = "7f1e3a52";
 * const events = eventStore(streams, { session });
 * // new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => session, eventStore: events })
 *
 * const first = await events.storeEvent("call", { jsonrpc: "2.0", method: "notifications/progress" });
 * await events.storeEvent("call", { jsonrpc: "2.0", id: 1, result: {} });
 *
 * const replayed: unknown[] = [];
 * await events.replayEventsAfter(first, { send: async (_, message) => void replayed.push(message) });
 * if (JSON.stringify(replayed) !== '[{"jsonrpc":"2.0","id":1,"result":{}}]') throw new Error();
 *
 * const other = eventStore(streams, { session: "another" });
 * if (await other.getStreamIdForEventId(first) !== undefined) throw new Error();
 * await streams.close();
 * ```
 */
export function eventStore(streams: ResumableStreams, options: EventStoreOptions): SessionEventStore {
  checkStreams(streams);
  checkNames("eventStore", options, OPTIONS);
  const { session, maxStreams = 100 } = options;
  checkSession(session);
  numberOption("maxStreams", maxStreams, { least: 1, unit: "streams", endless: true });
  return new Session(streams, session, maxStreams);
}

/** @throws {TypeError} If this is no `ResumableStreams`. */
export function checkStreams(streams: ResumableStreams): void {
  if (typeof streams?.open === "function" && typeof streams.read === "function") return;
  throw wrongOption("streams", "a ResumableStreams, such as new ResumableStreams({ store })", streams);
}

class Session implements SessionEventStore {
  readonly #streams: ResumableStreams;
  readonly #session: string;
  readonly #maxStreams: number;
  /** What this process writes, that which was silent for longest first. */
  readonly #outgoing = new Map<string, OutgoingStream>();
  /** Replays that go on with what another process stores. */
  readonly #following = new Map<string, AbortController>();
  #isClosed = false;

  constructor(streams: ResumableStreams, session: string, maxStreams: number) {
    this.#streams = streams;
    this.#session = session;
    this.#maxStreams = maxStreams;
  }

  async storeEvent(streamId: string, message: object): Promise<string> {
    if (this.#isClosed) throw new TidingsError("closed", "The event store of this session was closed");
    const data = dataOf(message);
    const isLast = isResponse(message);
    const stream = this.#outgoingOf(streamId);
    const cursor = await stream.append(data, isLast);
    if (isLast) this.#forgetWhenEnded(streamId, stream);
    return formatEventId(streamId, cursor);
  }

  async getStreamIdForEventId(eventId: string): Promise<string | undefined> {
    return (await findPlace(this.#streams, this.#session, eventId))?.streamId;
  }

  async replayEventsAfter(lastEventId: string, sender: EventSender): Promise<string> {
    const place = await findPlace(this.#streams, this.#session, lastEventId);
    if (place === undefined) throw unknownEvent(lastEventId);
    const { streamId } = place;
    this.#following.get(streamId)?.abort();
    const own = this.#outgoing.get(streamId);
    if (own === undefined) await this.#follow(place, sender);
    else {
      await own.replay(async (told) => {
        const last = told === undefined ? 0 : parseCursor(told)!.seq;
        if (last > place.seq) await this.#send(place, sender, (seq) => seq >= last);
      });
    }
    return streamId;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const following of this.#following.values()) following.abort();
    const outgoing = [...this.#outgoing.values()];
    this.#outgoing.clear();
    await Promise.all(outgoing.map((stream) => stream.stop("its session is over")));
  }

  #outgoingOf(streamId: string): OutgoingStream {
    const known = this.#outgoing.get(streamId);
    const stream = known ?? new OutgoingStream(this.#streams, nameOf(this.#session, streamId));
    this.#outgoing.delete(streamId);
    if (this.#outgoing.size >= this.#maxStreams) this.#endSilent();
    this.#outgoing.set(streamId, stream);
    return stream;
  }

  #endSilent(): void {
    const [streamId, silent] = this.#outgoing.entries().next().value!;
    this.#outgoing.delete(streamId);
    silent.stop(`its session has ${this.#maxStreams} others`).catch((error) => this.#tell(streamId, error));
  }

  #forgetWhenEnded(streamId: string, stream: OutgoingStream): void {
    void stream.ended().then(() => {
      if (this.#outgoing.get(streamId) === stream) this.#outgoing.delete(streamId);
    });
  }

  /**
   * Resolves when all is sent that is stored by now, and goes on with what is to come. If there is nothing yet it waits for a
   * message, or the end: the transport of 2.x, where it does not run the call, ends its response when this resolves, and a
   * client that got nothing by one does not come back.
   */
  async #follow(place: EventPlace, sender: EventSender): Promise<void> {
    const { streamId } = place;
    const status = await this.#streams.status(nameOf(this.#session, streamId));
    const following = new AbortController();
    if (this.#isClosed) return;
    this.#following.set(streamId, following);
    await new Promise<void>((resolve, reject) => {
      const last = status?.events ?? 0;
      let isSent = false;
      let isUpToDate = false;
      const counting: EventSender = {
        send: async (eventId, message) => {
          await sender.send(eventId, message);
          isSent = true;
        },
      };
      const upToDate = (seq: number) => {
        if (isSent && seq >= last) {
          isUpToDate = true;
          resolve();
        }
        return false;
      };
      this.#send(place, counting, upToDate, following.signal).then(resolve, (error) => {
        if (isUpToDate) this.#tell(streamId, error);
        else reject(error);
      }).finally(() => {
        if (this.#following.get(streamId) === following) this.#following.delete(streamId);
      });
    });
  }

  /** Sends what comes after a place, until `isEnough` says so of an event's number. */
  async #send(
    { streamId, cursor }: EventPlace,
    sender: EventSender,
    isEnough: (seq: number) => boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    const name = nameOf(this.#session, streamId);
    for await (const event of this.#streams.read(name, { after: cursor, signal })) {
      if (isMessage(event)) await sender.send(formatEventId(streamId, event.id), JSON.parse(event.data));
      if (isEnough(seqOf(event))) return;
    }
  }

  #tell(streamId: string, error: unknown): void {
    if (!this.#isClosed) report(`stream ${show(streamId)} of an MCP session`, error);
  }
}

/** The client's mistake, or what it wants is no longer kept. */
export function unknownEvent(eventId: string): TidingsError {
  return new TidingsError(
    "stream-cursor",
    `${show(eventId)} is no event of this session, or it is no longer kept`,
  );
}

/** A priming event has no message: it is there for its id. */
function dataOf(message: object): string {
  if (typeof message !== "object" || message === null) {
    throw new TypeError(`A message must be an object, received ${show(message)}`);
  }
  return Object.keys(message).length === 0 ? "" : JSON.stringify(message);
}

/** Whether it answers a call: the stream of that call has nothing more to say. */
function isResponse(message: object): boolean {
  return !("method" in message) && ("result" in message || "error" in message);
}
