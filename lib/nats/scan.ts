/**
 * Reads a stream forwards from one place, through a consumer of its own, as fast as it is asked to and no faster.
 *
 * The consumer is ephemeral and in memory. A consumer skips silently what was trimmed before it got there, and what it
 * sent while the connection broke is gone: both show as a hole in the sequences, which {@linkcode Scan.take} hands out
 * only where it is proven to be harmless.
 *
 * @module
 */

import type { BackplaneEntry } from "../cluster/backplane.ts";
import { within } from "../base/clock.ts";
import { explain, unavailable } from "./errors.ts";
import { formatId } from "./id.ts";
import { readMessage, type Stream } from "./stream.ts";
import type { ConsumerConfigLike, ConsumerLike, MessagesLike } from "./types.ts";

/** An entry, and where it is. */
export interface Found extends BackplaneEntry {
  readonly sequence: number;
  readonly tag: string;
}

// A consumer that nobody pulls from goes away by itself after this, if its reader could not delete it. Nanoseconds.
const INACTIVE = 10_000_000_000;
// How long the server holds a request for messages that are there: they come at once.
const PULL_TIME = 2_000;
// How much later than promised an answer may come.
const GRACE = 1_000;

export class Scan {
  /** Which stream of that name this reads: see `incarnation`. */
  readonly created: string;
  /** The newest entry that was taken, or that stands for the place before the first. */
  position: Found | undefined;
  /** How many messages came. With each the server said how many were behind it. */
  heard = 0;
  readonly #stream: Stream;
  readonly #name: string;
  readonly #buffer: Found[] = [];
  #consumer: ConsumerLike | undefined;
  #messages: MessagesLike | undefined;
  #pending = 0;
  #closed = false;

  private constructor(stream: Stream, created: string) {
    this.#stream = stream;
    this.created = created;
    this.#name = `tidings_${stream.clock.random().toString(36).slice(2)}`;
  }

  /** Starts at a sequence, inclusive; `undefined` if the stream is not the one of this time any more. */
  static async open(stream: Stream, created: string, start: number): Promise<Scan | undefined> {
    const scan = new Scan(stream, created);
    try {
      const manager = await stream.manager();
      const config: ConsumerConfigLike = {
        name: scan.#name,
        ack_policy: "none",
        deliver_policy: "by_start_sequence",
        opt_start_seq: Math.max(1, start),
        inactive_threshold: INACTIVE,
        mem_storage: true,
        num_replicas: 1,
      };
      const info = await stream.link.call(() => manager.consumers.add(stream.stream, config));
      scan.#consumer = (await stream.client).consumers.getConsumerFromInfo(info);
      scan.#pending = info.num_pending;
      // A consumer does not say of which stream it is. If that is the same before and after, it was so in between.
      const { created: now } = await stream.state();
      if (now === created) return scan;
      scan.close();
      return undefined;
    } catch (error) {
      scan.close();
      throw explain(stream.name, error);
    }
  }

  /** Whether there are entries to take, or the server said so when it was asked last. */
  get more(): boolean {
    return this.#buffer.length > 0 || this.#pending > 0;
  }

  /** The next entry, or `undefined` if there is none now. It stays the next until it was taken. */
  async peek(wanted: number): Promise<Found | undefined> {
    if (this.#buffer.length === 0 && this.#pending > 0) {
      await this.#pull(Math.min(wanted, this.#pending), PULL_TIME);
      // What was counted was trimmed since.
      if (this.#buffer.length === 0) this.#pending = 0;
    }
    return this.#buffer[0];
  }

  /** The next entry, where the stream says that there are so many more. */
  expect(count: number): Promise<Found | undefined> {
    this.#pending = count;
    return this.peek(count);
  }

  /**
   * Takes the next entry if nothing was lost between it and {@linkcode position}, and otherwise leaves it. A hole is
   * harmless if the entry before it is held even after the one behind it was read: streams lose their oldest entries
   * first, so the entries in between were deleted on purpose, one by one.
   */
  async take(): Promise<Found | undefined> {
    const [next] = this.#buffer;
    const { position } = this;
    if (next === undefined) return undefined;
    if (position !== undefined && next.sequence !== position.sequence + 1) {
      if (!await this.#stream.holds(position.sequence, position.tag)) return undefined;
    }
    this.#buffer.shift();
    this.position = next;
    return next;
  }

  /** Waits for an entry, at most `time` milliseconds, at least 1,000. */
  async wait(time: number): Promise<void> {
    if (!this.more) await this.#pull(1, time);
  }

  /** Ends what is under way, and the consumer. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // If the server is not there to delete it, it will not miss it either, for long.
    this.#messages?.close().catch(() => {});
    this.#stream.manager()
      .then((manager) => manager.consumers.delete(this.#stream.stream, this.#name))
      .catch(() => {});
  }

  #check(): void {
    if (this.#closed) throw unavailable(this.#stream.name, "the reader is closed");
  }

  async #pull(count: number, time: number): Promise<void> {
    this.#check();
    try {
      // The client waits for ever when it is cut off from the server.
      await within(this.#stream.clock, time + GRACE, this.#fetch(count, time), () => {
        throw unavailable(this.#stream.name, "no answer in time");
      });
    } catch (error) {
      throw explain(this.#stream.name, error);
    } finally {
      this.#messages?.close().catch(() => {});
      this.#messages = undefined;
    }
    // What was cut short did not find out that there is nothing.
    this.#check();
  }

  async #fetch(count: number, time: number): Promise<void> {
    const messages = await this.#consumer!.fetch({ max_messages: count, expires: time });
    this.#messages = messages;
    await this.#stream.link.call(() => this.#receive(messages, count));
  }

  async #receive(messages: MessagesLike, count: number): Promise<void> {
    for await (const message of messages) {
      const { streamSequence: sequence, deliverySequence, pending } = message.info;
      if (deliverySequence !== this.heard + 1) {
        throw unavailable(this.#stream.name, "messages were lost on a connection that broke");
      }
      this.heard = deliverySequence;
      this.#pending = pending;
      const { messageId, payload, tag } = readMessage(message.headers, message.data);
      this.#buffer.push({ id: formatId(this.created, sequence, tag), messageId, payload, sequence, tag });
      if (--count === 0) return;
    }
  }
}
