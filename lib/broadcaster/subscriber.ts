/**
 * One client of a Broadcaster: either live, and then it owns nothing, or lagging, and then it owns one number.
 *
 * @module
 */

import { encodeEvent } from "../event.ts";
import type { EventLog } from "./log.ts";
import type { BroadcasterSettings } from "./options.ts";
import type { Driver, EventStream } from "../stream.ts";
import type { CloseInfo } from "../stream_options.ts";
import type { View } from "./view.ts";

/**
 * What happens to a client that has not taken events before the log dropped them.
 *
 * - `"disconnect"`: its stream ends. It comes back with its last id, and is told of the gap then
 * - `"skip"`: it gets a `gap` event and goes on from the oldest event kept
 * - `"latest"`: as `"skip"`, and whenever it lags it gets only the newest event of each `key`
 */
export type LagPolicy = "disconnect" | "skip" | "latest";

/** Why events may be missing: they were dropped from the log, the log began anew, or the id was never one of ours. */
export type GapReason = "trimmed" | "epoch" | "invalid";

/** The data of a `gap` event: what was published after `requested`, up to and with `resumedAt`, may not have arrived. */
export interface Gap {
  /** The id after which the client wanted to go on. */
  readonly requested: string;
  /** The id after which it does go on. */
  readonly resumedAt: string;
  /** Why. */
  readonly reason: GapReason;
}

/** What a subscriber needs of its Broadcaster. */
export interface Feed {
  readonly log: EventLog;
  readonly settings: BroadcasterSettings;
  /** The clients that lag. */
  readonly lagging: Set<Subscriber>;
  /** The event id of a place in the log. */
  idOf(seq: number): string;
  delivered(events: number, bytes: number): void;
  /** At most so many events were dropped before a client took them. */
  dropped(events: number): void;
  left(subscriber: Subscriber, info: CloseInfo): void;
}

/** Who a subscriber is. */
export interface Member {
  readonly request: Request;
  readonly view: View<Subscriber>;
  readonly key: string | undefined;
  /** When its lifetime is over. */
  readonly expires: number;
}

// How much of the log is copied for a lagging client at a time. One copy is all the memory that a stalled one costs.
const CHUNK_BYTES = 16_384;

const encoder = new TextEncoder();

export class Subscriber implements Driver {
  readonly member: Member;
  readonly #feed: Feed;
  /** The last event that was handed over. Means something only while the client lags. */
  #cursor: number;
  #live = false;
  /** When the client last took something: it is stalled once that is too long ago. */
  #progress: number;
  /** What to say last, once the client has all that was published: it is being sent away. */
  #farewell: { reason: "end" | "lifetime"; farewell: Uint8Array | undefined } | undefined;
  stream!: EventStream;

  /** Every client begins as one that lags at its cursor: replay and catching up are the same. */
  constructor(feed: Feed, member: Member, cursor: number) {
    this.#feed = feed;
    this.member = member;
    this.#cursor = cursor;
    this.#progress = feed.settings.now();
    feed.lagging.add(this);
  }

  /** Hands a turn's chunk to a live client, or lets it fall behind if it has not taken the last one. */
  offer(chunk: Uint8Array, previous: number): boolean {
    if (this.stream.hungry) return this.stream.write(chunk);
    this.#live = false;
    this.#cursor = previous;
    this.#progress = this.#feed.settings.now();
    this.member.view.live.delete(this);
    this.#feed.lagging.add(this);
    this.stream.wake();
    return false;
  }

  /** The client took all: read on from the log, or be live if there is no more. */
  pull(): "idle" | void {
    if (this.#live) return "idle";
    const { log, settings: { lagPolicy } } = this.#feed;
    const { view } = this.member;
    this.#progress = this.#feed.settings.now();
    if (log.missed(this.#cursor, view)) return this.#fellOff();
    const { bytes, events, cursor } = log.read(this.#cursor, view, CHUNK_BYTES, lagPolicy === "latest");
    this.#cursor = cursor;
    if (bytes !== undefined) {
      this.#feed.delivered(events, bytes.byteLength);
      this.stream.write(bytes);
      return;
    }
    if (this.#farewell !== undefined) return this.#leave(this.#farewell);
    this.#live = true;
    this.#feed.lagging.delete(this);
    this.member.view.live.add(this);
    return "idle";
  }

  /** Ends a client that has lagged too long or too far, or that can no longer be served without a gap. */
  sweep(now: number): void {
    const { log, settings: { lagPolicy, lagTimeout, lagBytes } } = this.#feed;
    const { view } = this.member;
    const lost = lagPolicy === "disconnect" && log.missed(this.#cursor, view);
    const late = this.#progress < now - lagTimeout;
    const waiting = lost || late || lagBytes < Infinity ? this.waiting() : undefined;
    if (waiting === undefined || !(lost || late || waiting.bytes > lagBytes)) return;
    // It is not reading, so what waits for it is thrown away.
    this.stream.truncate({ reason: "lagging", waiting }, { discard: true });
  }

  /** What is in the log for this client. */
  waiting(): { events: number; bytes: number } {
    if (this.#live) return { events: 0, bytes: 0 };
    const { log, settings: { lagPolicy } } = this.#feed;
    return log.measure(this.#cursor, this.member.view, lagPolicy === "latest");
  }

  /** Sends the client away as soon as it has all that was published. */
  finish(reason: "end" | "lifetime", farewell: Uint8Array | undefined): void {
    this.#farewell = { reason, farewell };
    if (this.#live) this.#leave(this.#farewell);
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
    const requested = this.#cursor;
    this.#cursor = log.oldest - 1;
    this.#feed.dropped(this.#cursor - requested);
    this.stream.write(encoder.encode(gapFrame({
      requested: this.#feed.idOf(requested),
      resumedAt: this.#feed.idOf(this.#cursor),
      reason: "trimmed",
    })));
  }
}

/** A `gap` event. Its id is the place where the client goes on, so that it is told once. */
export function gapFrame(gap: Gap): string {
  return encodeEvent({ event: "gap", id: gap.resumedAt, data: gap });
}

/**
 * An event that no page listens to, which gives a client its place before anything was published. It has a `data` line
 * because Firefox ignores an id without one.
 */
export function cursorFrame(id: string): string {
  return encodeEvent({ event: "tidings-cursor", id, data: "" });
}
