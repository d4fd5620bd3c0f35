/**
 * Runs one client of a Broadcaster, which is in one of four phases.
 *
 * It is `waiting` until its place in the log is known, in `replay` while it reads events that are older than the log,
 * `lagging` while it reads on in the log, and `live` when it has all there is. A live client holds nothing; a lagging one
 * holds its place.
 *
 * @module
 */

import type { Position, Recipient } from "../log/batcher.ts";
import { gapFrame } from "../log/gap.ts";
import type { EventLog } from "../log/log.ts";
import type { LogReader, Replay, ReplayPiece, Start } from "../log/sequencer.ts";
import type { View } from "../log/view.ts";
import { prelude, type StreamHead } from "../stream/answer.ts";
import { EventStream } from "../stream/event_stream.ts";
import type { CloseInfo, StreamOptions } from "../stream/options.ts";
import type { LagSettings } from "./options.ts";
import type { Client, Registry } from "./registry.ts";

/** The parts of a Broadcaster that its clients work with. */
export interface Feed {
  readonly log: EventLog;
  readonly registry: Registry;
  readonly lag: LagSettings;
  /** Lets go of a client that has no place yet. */
  forget(client: LogReader): void;
}

/** A subscription that was checked and let in. */
export interface Subscription {
  readonly request: Request;
  readonly head: StreamHead;
  readonly options: StreamOptions;
  readonly view: View<Recipient>;
  readonly owner: string | undefined;
  /** When it ends at the latest, by the clock. */
  readonly expires: number | undefined;
  /** Where it goes on, if that is known. */
  readonly place: Start | Replay | undefined;
}

// How much of the log is copied for a lagging client at a time. One copy is all the memory that a stalled one costs.
const CHUNK_BYTES = 16_384;

// How long before its end a client is let go, in milliseconds: the registry looks once a second, and then once more.
const NOTICE = 2_000;

const utf8 = new TextEncoder();

export class Subscriber extends EventStream implements Client, LogReader {
  readonly request: Request;
  readonly view: View<Recipient>;
  readonly owner: string | undefined;
  readonly leaves: number;
  readonly expires: number;
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
  /** How it is being sent away, once it has all that was published. */
  #leaving: { readonly reason: "end" | "lifetime"; readonly farewell: Uint8Array | undefined } | undefined;

  constructor(feed: Feed, { request, head, options, view, owner, expires = Infinity, place }: Subscription) {
    // One chunk for all there is to say at first.
    const opening = place !== undefined && "cursor" in place ? place.opening : "";
    super(request, head, options, prelude(options.retry) + opening);
    this.#feed = feed;
    this.request = request;
    this.view = view;
    this.owner = owner;
    this.expires = expires;
    this.leaves = Math.min(feed.registry.admission.expiry(), expires - NOTICE);
    this.#progress = feed.registry.clock.now();
    if (place !== undefined) this.#goTo(place);
  }

  /** Goes on at a place that was not known when it came. */
  begin(place: Start | Replay): void {
    this.#goTo(place);
    if ("cursor" in place) this.#writeText(place.opening);
    this.wake();
  }

  /** Begins, or goes on, as one that lags: replay and catching up are the same. */
  #goTo(place: Start | Replay): void {
    if ("cursor" in place) {
      this.#replay = undefined;
      this.#phase = "lagging";
      this.#moveTo(place.cursor);
    } else {
      this.#replay = place;
      this.#phase = "replay";
    }
  }

  #moveTo(cursor: number): void {
    this.#cursor = cursor;
    this.#lastId = this.#feed.log.idAt(cursor);
  }

  /** Takes a batch while it is live, or falls behind if it has not taken the last one. */
  offer(chunk: Uint8Array, previous: Position): boolean {
    if (this.hungry) return this.write(chunk);
    this.#phase = "lagging";
    this.#cursor = previous.seq;
    this.#lastId = previous.id;
    this.#progress = this.#feed.registry.clock.now();
    this.view.live.delete(this);
    this.#feed.registry.lagging.add(this);
    this.wake();
    return false;
  }

  /** The client took all: reads on from the log, or is live if there is no more. */
  protected more(): boolean {
    if (this.#phase === "live" || this.#phase === "waiting") return false;
    const { log, registry, lag } = this.#feed;
    this.#progress = registry.clock.now();
    while (this.#replay !== undefined) {
      const next = this.#replay.next(this);
      if (next === undefined) return false;
      if (this.#writeReplayed(next)) return true;
    }
    if (log.missed(this.#cursor, this.view)) return this.#fallOff();
    const { bytes, events, cursor } = this.view.read(
      log,
      this.#cursor,
      CHUNK_BYTES,
      lag.lagPolicy === "latest",
    );
    this.#moveTo(cursor);
    if (bytes !== undefined) {
      registry.delivered(events, bytes.byteLength);
      return this.write(bytes);
    }
    if (this.#leaving !== undefined) return this.#leave();
    this.#phase = "live";
    registry.lagging.delete(this);
    this.view.live.add(this);
    return false;
  }

  /** Writes what the replay gave, and says whether that was anything. */
  #writeReplayed(next: Start | ReplayPiece): boolean {
    if ("cursor" in next) {
      this.#goTo(next);
      return this.#writeText(next.opening);
    }
    if (next.bytes === undefined) return false;
    this.#feed.registry.delivered(next.events, next.bytes.byteLength);
    return this.write(next.bytes);
  }

  #writeText(text: string): boolean {
    return text !== "" && this.write(utf8.encode(text));
  }

  /** Ends a client that has lagged too long or too far, or that can no longer be served without a gap. */
  sweep(now: number): void {
    // What it waits for is not its own fault, and the log knows nothing of it.
    if (this.#phase !== "lagging" && this.hungry) this.#progress = now;
    if (this.#phase === "waiting") return;
    const { log, lag: { lagPolicy, lagTimeout, lagBytes } } = this.#feed;
    const isLate = this.#progress < now - lagTimeout;
    if (this.#phase === "replay") {
      if (isLate) this.truncate({ reason: "lagging" }, { discard: true });
      return;
    }
    const isLost = lagPolicy === "disconnect" && log.missed(this.#cursor, this.view);
    const waiting = isLost || isLate || lagBytes < Infinity ? this.waiting() : undefined;
    if (waiting === undefined || !(isLost || isLate || waiting.bytes > lagBytes)) return;
    // It is not reading, so what waits for it is thrown away.
    this.truncate({ reason: "lagging", waiting }, { discard: true });
  }

  /** What is in the log for this client and was not handed over. */
  waiting(): { events: number; bytes: number } {
    if (this.#phase !== "lagging") return { events: 0, bytes: 0 };
    const { log, lag: { lagPolicy } } = this.#feed;
    return log.measure(this.#cursor, this.view, lagPolicy === "latest");
  }

  finish(reason: "end" | "lifetime", farewell?: Uint8Array): void {
    this.#leaving = { reason, farewell };
    if (this.#phase === "live" || this.#phase === "waiting") this.#leave();
  }

  #leave(): boolean {
    const { reason, farewell } = this.#leaving!;
    if (farewell !== undefined) this.write(farewell);
    this.end(reason);
    return true;
  }

  protected ended(info: CloseInfo): void {
    this.view.live.delete(this);
    this.#feed.forget(this);
    this.#feed.registry.leave(this, info);
  }

  /** The log no longer holds what the client has not taken. */
  #fallOff(): boolean {
    const { log, registry, lag } = this.#feed;
    if (lag.lagPolicy === "disconnect") {
      this.end("lagging");
      return true;
    }
    const requested = this.#lastId;
    registry.dropped(log.oldest - 1 - this.#cursor);
    this.#moveTo(log.oldest - 1);
    return this.#writeText(gapFrame({ requested, resumedAt: this.#lastId, reason: "trimmed" }));
  }
}
