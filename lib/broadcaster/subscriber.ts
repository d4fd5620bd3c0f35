/**
 * One client of a Broadcaster: either live, and then it owns nothing, or lagging, and then it owns one number. Until its
 * place in the log is known it waits, or reads what is older than the log.
 *
 * @module
 */

import type { EventLog } from "../log/log.ts";
import type { BroadcasterSettings } from "./options.ts";
import { gapFrame, type LogReader, type Replay, type Start } from "../log/sequencer.ts";
import type { Driver, EventStream } from "../stream/event_stream.ts";
import type { CloseInfo } from "../stream/options.ts";
import type { View } from "../log/view.ts";

/** What a subscriber needs of its Broadcaster. */
export interface Feed {
  readonly log: EventLog;
  readonly settings: BroadcasterSettings;
  /** The clients that lag. */
  readonly lagging: Set<Subscriber>;
  delivered(events: number, bytes: number): void;
  /** At most so many events were dropped before a client took them. */
  dropped(events: number): void;
  left(subscriber: Subscriber, info: CloseInfo): void;
}

/** A place in the log, and its id. */
export interface Position {
  readonly seq: number;
  readonly id: string;
}

/** Who a subscriber is. */
export interface Member {
  readonly request: Request;
  readonly view: View<Subscriber>;
  /** The id after which it wants to go on. */
  readonly asked: string | undefined;
  readonly key: string | undefined;
  /** When its lifetime is over. */
  readonly expires: number;
}

// How much of the log is copied for a lagging client at a time. One copy is all the memory that a stalled one costs.
const CHUNK_BYTES = 16_384;

const encoder = new TextEncoder();

export class Subscriber implements Driver, LogReader {
  readonly member: Member;
  readonly #feed: Feed;
  /** Where it is: it waits for its place, reads what is older than the log, lags in the log, or has all there is. */
  #phase: "waiting" | "replay" | "lagging" | "live" = "waiting";
  /** The last event that was handed over. Means something only while the client lags. */
  #cursor = 0;
  /** Its id, which the log may have dropped. */
  #lastId = "";
  #replay: Replay | undefined;
  /** When the client last took something: it is stalled once that is too long ago. */
  #progress: number;
  /** What to say last, once the client has all that was published: it is being sent away. */
  #farewell: { reason: "end" | "lifetime"; farewell: Uint8Array | undefined } | undefined;
  stream!: EventStream;

  constructor(feed: Feed, member: Member) {
    this.#feed = feed;
    this.member = member;
    this.#progress = feed.settings.now();
    feed.lagging.add(this);
  }

  get asked(): string | undefined {
    return this.member.asked;
  }

  get view(): View<Subscriber> {
    return this.member.view;
  }

  /** Begins, or goes on, as one that lags: replay and catching up are the same. */
  place(place: Start | Replay): void {
    this.begin(place);
    if ("cursor" in place && place.opening !== "") this.stream.write(encoder.encode(place.opening));
    this.stream.wake();
  }

  /** The same before there is a stream, whose first bytes the opening then is. */
  begin(place: Start | Replay): void {
    this.#replay = "cursor" in place ? undefined : place;
    this.#phase = "cursor" in place ? "lagging" : "replay";
    if ("cursor" in place) this.#moveTo(place.cursor);
  }

  #moveTo(cursor: number): void {
    this.#cursor = cursor;
    this.#lastId = this.#feed.log.idAt(cursor);
  }

  wake(): void {
    this.stream.wake();
  }

  /** Hands a turn's chunk to a live client, or lets it fall behind if it has not taken the last one. */
  offer(chunk: Uint8Array, previous: Position): boolean {
    if (this.stream.hungry) return this.stream.write(chunk);
    this.#phase = "lagging";
    this.#cursor = previous.seq;
    this.#lastId = previous.id;
    this.#progress = this.#feed.settings.now();
    this.member.view.live.delete(this);
    this.#feed.lagging.add(this);
    this.stream.wake();
    return false;
  }

  /** The client took all: read on from the log, or be live if there is no more. */
  pull(): "idle" | void {
    if (this.#phase === "live" || this.#phase === "waiting") return "idle";
    const { log, settings: { lagPolicy } } = this.#feed;
    const { view } = this.member;
    this.#progress = this.#feed.settings.now();
    while (this.#replay !== undefined) {
      const next = this.#replay.next();
      if (next === undefined) return "idle";
      if ("cursor" in next) this.begin(next);
      // A body is not asked again before something was written: where there is nothing to write it goes on at once.
      if (this.#replayed(next)) return;
    }
    if (log.missed(this.#cursor, view)) return this.#fellOff();
    const { bytes, events, cursor } = view.read(log, this.#cursor, CHUNK_BYTES, lagPolicy === "latest");
    this.#moveTo(cursor);
    if (bytes !== undefined) {
      this.#feed.delivered(events, bytes.byteLength);
      this.stream.write(bytes);
      return;
    }
    if (this.#farewell !== undefined) return this.#leave(this.#farewell);
    this.#phase = "live";
    this.#feed.lagging.delete(this);
    this.member.view.live.add(this);
    return "idle";
  }

  /** Writes what a replay gave, and says whether that was anything. */
  #replayed(piece: Start | { readonly bytes: Uint8Array | undefined; readonly events: number }): boolean {
    if ("cursor" in piece) {
      if (piece.opening === "") return false;
      this.stream.write(encoder.encode(piece.opening));
      return true;
    }
    if (piece.bytes === undefined) return false;
    this.#feed.delivered(piece.events, piece.bytes.byteLength);
    this.stream.write(piece.bytes);
    return true;
  }

  /** Ends a client that has lagged too long or too far, or that can no longer be served without a gap. */
  sweep(now: number): void {
    const { log, settings: { lagPolicy, lagTimeout, lagBytes } } = this.#feed;
    const { view } = this.member;
    // What it waits for is not its own fault, and the log knows nothing of it.
    if (this.#phase !== "lagging" && this.stream.hungry) this.#progress = now;
    if (this.#phase === "waiting") return;
    if (this.#replay !== undefined) {
      if (this.#progress < now - lagTimeout) this.stream.truncate({ reason: "lagging" }, { discard: true });
      return;
    }
    const lost = lagPolicy === "disconnect" && log.missed(this.#cursor, view);
    const late = this.#progress < now - lagTimeout;
    const waiting = lost || late || lagBytes < Infinity ? this.waiting() : undefined;
    if (waiting === undefined || !(lost || late || waiting.bytes > lagBytes)) return;
    // It is not reading, so what waits for it is thrown away.
    this.stream.truncate({ reason: "lagging", waiting }, { discard: true });
  }

  /** What is in the log for this client. */
  waiting(): { events: number; bytes: number } {
    if (this.#phase !== "lagging") return { events: 0, bytes: 0 };
    const { log, settings: { lagPolicy } } = this.#feed;
    return log.measure(this.#cursor, this.member.view, lagPolicy === "latest");
  }

  /** Sends the client away as soon as it has all that was published. */
  finish(reason: "end" | "lifetime", farewell: Uint8Array | undefined): void {
    this.#farewell = { reason, farewell };
    if (this.#phase === "live" || this.#phase === "waiting") this.#leave(this.#farewell);
  }

  #leave({ reason, farewell }: { reason: "end" | "lifetime"; farewell: Uint8Array | undefined }): void {
    if (farewell !== undefined) this.stream.write(farewell);
    this.stream.close(reason);
  }

  closed(info: CloseInfo): void {
    this.#feed.lagging.delete(this);
    this.member.view.live.delete(this);
    this.#feed.left(this, info);
  }

  #fellOff(): void {
    const { log, settings: { lagPolicy } } = this.#feed;
    if (lagPolicy === "disconnect") return this.stream.close("lagging");
    const requested = this.#lastId;
    this.#feed.dropped(log.oldest - 1 - this.#cursor);
    this.#moveTo(log.oldest - 1);
    this.stream.write(encoder.encode(gapFrame({ requested, resumedAt: this.#lastId, reason: "trimmed" })));
  }
}
