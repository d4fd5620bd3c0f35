/**
 * Remembers what a process knows of a stream that it writes into: what it wrote last, who watches, and what can be taken out.
 *
 * @module
 */

import { Presence, readPresence } from "./presence.ts";
import type { Stored } from "./store_message.ts";
import { placeBefore } from "./store_pages.ts";
import type { StoreStream } from "./store_stream.ts";

// Events that are trimmed before they are taken out, at least: that is a request of its own.
const TRIM = 64;
// How long a stream is remembered of which nothing is known but that it is one's own, in milliseconds.
const UNSURE = 60_000;

const text = new TextDecoder();

/** What is known of a message that this process wrote. */
export type Written = Pick<Stored, "subject" | "seq" | "life" | "from">;

export class Owned {
  readonly token: string;
  /** Who watches it. */
  readonly presence: Presence = new Presence();
  /** When it is forgotten, if nothing follows, by the own clock. */
  dropAt: number;
  readonly #stream: StoreStream;
  #subscription: { unsubscribe(): void } | undefined;
  #written: Written | undefined;
  /** Until when nobody can have claimed it, by the own clock. */
  #safeUntil = -Infinity;
  /** The message that only renews the lease, until something follows it. */
  #renewal: number | undefined;
  /** The newest event that was taken out. */
  #trimmed = 0;

  private constructor(stream: StoreStream, token: string) {
    this.#stream = stream;
    this.token = token;
    this.dropAt = stream.clock.now() + UNSURE;
  }

  /** Begins to listen to who watches a stream. `process` is this one, which need not be told. */
  static async listen(stream: StoreStream, id: string, token: string, process: string): Promise<Owned> {
    const owned = new Owned(stream, token);
    const connection = await stream.connection();
    owned.#subscription = connection.subscribe(stream.subjects.presence(id), {
      callback: (error, { data }) => {
        const said = error === null ? readPresence(text.decode(data)) : undefined;
        if (said === undefined || said.process === process) return;
        owned.presence.tell(said.process, said.watches, stream.clock.now());
      },
    });
    return owned;
  }

  /**
   * What was written last, if that can still be the last. A process that slept through its lease has to ask what became of the
   * stream, though the server would refuse it as well.
   */
  get current(): Written | undefined {
    return this.#stream.clock.now() < this.#safeUntil ? this.#written : undefined;
  }

  /** The stream was made or claimed. */
  took(stored: Stored, lease: number, keep: number): void {
    const now = this.#stream.clock.now();
    this.#written = stored;
    // By the server's time, as far as that is known at the least.
    this.#safeUntil = now + Math.max(0, stored.life.leaseEnd - this.#stream.time.latest());
    this.dropAt = now + lease + keep;
  }

  /** Something was appended, or the lease was renewed. What only renewed it before is of no use any more. */
  wrote(written: Written, sentAt: number, lease: number, keep: number): void {
    if (this.#renewal !== undefined) void this.#stream.remove(this.#renewal);
    this.#renewal = written.from === undefined ? written.seq : undefined;
    this.#written = written;
    this.#safeUntil = sentAt + lease;
    this.dropAt = sentAt + lease + keep;
  }

  /** Takes out what was trimmed, in the background, once it is worth a request. */
  trim(): void {
    const { subject, life: { first, last } } = this.#written!;
    if (first - 1 - this.#trimmed < Math.max(TRIM, (last - first) / 4)) return;
    const former = this.#trimmed;
    this.#trimmed = first - 1;
    placeBefore(this.#stream, this.#written!, first)
      .then((place) => this.#stream.purge(subject, place))
      .catch(() => this.#trimmed = former);
  }

  /** Listens no more. */
  close(): void {
    this.#subscription?.unsubscribe();
  }
}
