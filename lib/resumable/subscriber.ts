/**
 * Streams one piece of work to one client: what is stored from its place on, then what is new, then the end.
 *
 * @module
 */

import { gapFrame } from "../log/gap.ts";
import type { StreamHead, StreamPage } from "../store/store.ts";
import { prelude, type StreamHead as ResponseHead } from "../stream/answer.ts";
import { EventStream } from "../stream/event_stream.ts";
import type { CloseInfo, StreamOptions } from "../stream/options.ts";
import { encodeEvent } from "../wire/event.ts";
import { gapTo, sentFrame } from "./event.ts";
import type { Farewell } from "./farewell.ts";
import type { Follower, Reader } from "./follower.ts";

/** What a client's stream needs besides the client. */
export interface SubscriberParts {
  readonly follower: Follower;
  /** The last event that the client has. */
  readonly after: number;
  /** What was read from there, if anything was. */
  readonly page: StreamPage | undefined;
  readonly farewell: Farewell;
  /** The name of the event that says when the client has had all that there was. */
  readonly live: string | undefined;
  /** Milliseconds after which a client that takes nothing of what waits for it is cut off. */
  readonly lagTimeout: number;
  readonly now: () => number;
  readonly onEnded: () => void;
}

const utf8 = new TextEncoder();

export class Subscriber extends EventStream implements Reader {
  readonly #parts: SubscriberParts;
  /** The last event that was handed over. */
  #cursor: number;
  /** What was read from the store, and not written yet; `"gone"` if the stream is. */
  #page: StreamPage | "gone" | undefined;
  #isReading = false;
  #isLive = false;
  /** When the client last took something. */
  #progress: number;

  constructor(request: Request, head: ResponseHead, options: StreamOptions, parts: SubscriberParts) {
    super(request, head, options, prelude(options.retry));
    this.#parts = parts;
    this.#cursor = parts.after;
    this.#page = parts.page;
    this.#progress = parts.now();
    parts.follower.join(this);
  }

  /** The follower tells. */
  news(): void {
    const { now, lagTimeout } = this.#parts;
    if (this.hungry) this.wake();
    else if (now() - this.#progress > lagTimeout) this.truncate({ reason: "lagging" }, { discard: true });
  }

  /** All streams of the process are being closed: the client comes back, to another one. */
  leave(): void {
    this.end("end");
  }

  protected more(): boolean {
    const { follower } = this.#parts;
    this.#progress = this.#parts.now();
    const page = this.#page;
    if (page !== undefined) {
      this.#page = undefined;
      if (page === "gone") return this.#finishGone(follower.end!);
      if (this.#writePage(page)) return true;
    }
    if (!follower.covers(this.#cursor)) return this.#read();
    const chunk = follower.next(this.#cursor);
    if (chunk !== undefined) {
      this.#cursor = chunk.last;
      return this.write(chunk.bytes);
    }
    return follower.end === undefined ? this.#tellLive() : this.#finish(follower.end);
  }

  protected ended(_info: CloseInfo): void {
    this.#parts.follower.leave(this);
    this.#parts.onEnded();
  }

  /** Reads from the store what is no longer in memory. */
  #read(): boolean {
    if (!this.#isReading) {
      this.#isReading = true;
      void this.#parts.follower.read(this.#cursor).then((page) => {
        this.#isReading = false;
        if (page === undefined) {
          // Whether it is gone or all is closed, the follower knows.
          this.#parts.follower.changed();
          if (this.#parts.follower.end === undefined) return;
        }
        this.#page = page ?? "gone";
        this.wake();
      });
    }
    return false;
  }

  /** Writes what was read, and before it a `gap` if something is missing. Says whether that was anything. */
  #writePage({ head, records }: StreamPage): boolean {
    const before = (records[0]?.seq ?? head.last + 1) - 1;
    let text = before > this.#cursor ? gapFrame(gapTo(head, this.#cursor, before)) : "";
    this.#cursor = Math.max(this.#cursor, before);
    for (const record of records) {
      text += sentFrame(head.epoch, record);
      this.#cursor = record.seq;
    }
    return text !== "" && this.write(utf8.encode(text));
  }

  /** Says, once, that all there was has been sent. */
  #tellLive(): boolean {
    const { live } = this.#parts;
    if (live === undefined || this.#isLive) return false;
    this.#isLive = true;
    return this.write(utf8.encode(encodeEvent({ event: live, data: { events: this.#cursor } })));
  }

  /** The store has the stream no more, and with it the events that the client has not had. */
  #finishGone(head: StreamHead): boolean {
    if (head.last > this.#cursor) this.write(utf8.encode(gapFrame(gapTo(head, this.#cursor, head.last))));
    return this.#finish(head);
  }

  #finish(head: StreamHead): boolean {
    const bytes = this.#parts.farewell.bytes(head);
    if (bytes !== undefined) this.write(bytes);
    this.end("end");
    return true;
  }
}
