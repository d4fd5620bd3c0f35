/**
 * Manages the JetStream stream that a store keeps everything in: makes it where there is none, and reads and writes messages.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import { CODE, codeOf, explain, refused, unavailable } from "./errors.ts";
import { Link } from "./link.ts";
import { makeOrFind } from "./make.ts";
import { incarnation } from "./id.ts";
import { ServerClock } from "./server_clock.ts";
import { checkFit, checkServer, configOf, NANOSECONDS } from "./store_fit.ts";
import { readStored, type Stored } from "./store_message.ts";
import type { JetStreamStoreSettings } from "./store_options.ts";
import { StoreSubjects } from "./store_subjects.ts";
import { isNobody, taking } from "./taking.ts";
import type {
  ConnectionLike,
  ConsumerConfigLike,
  JetStreamClientLike,
  JetStreamManagerLike,
  MessageLike,
  MessageQueryLike,
  StreamInfoLike,
} from "./types.ts";

// A consumer that nobody pulls from goes away by itself after this, if it could not be deleted. Nanoseconds.
const INACTIVE = 10_000_000_000;
// How long the server holds a request for messages that are there: they come at once. And how much later they may come.
const PULL_TIME = 2_000;
const GRACE = 1_000;

/** What a consumer is to bring. */
export type Wanted = Pick<ConsumerConfigLike, "deliver_policy" | "opt_start_seq" | "filter_subject">;

export class StoreStream {
  readonly name: string;
  readonly clock: Clock;
  readonly time: ServerClock;
  readonly subjects: StoreSubjects;
  /** The connection, over which every call goes. */
  readonly link: Link;
  readonly #client: Promise<JetStreamClientLike>;
  readonly #settings: JetStreamStoreSettings;
  #manager: Promise<JetStreamManagerLike> | undefined;
  #ready: Promise<void> | undefined;
  /** What the stream itself says. */
  #maxAge = 0;
  #incarnation = "";

  constructor(client: JetStreamClientLike | Promise<JetStreamClientLike>, settings: JetStreamStoreSettings) {
    this.name = `JetStream stream ${settings.stream}`;
    this.clock = settings.clock;
    this.time = new ServerClock(settings.clock);
    this.subjects = new StoreSubjects(settings.prefix);
    this.#settings = settings;
    this.#client = Promise.resolve(client);
    // Told to everybody who asks for something, and to nobody else.
    this.#client.catch(() => {});
    this.link = new Link(this.name, this.#client, this.clock);
  }

  /** The connection, to listen and to tell. */
  async connection(): Promise<ConnectionLike> {
    const connection = (await this.#client).getConnection?.();
    if (typeof connection?.subscribe === "function") return connection;
    throw refused(this.name, "its client has no connection: pass what jetstream(connection) returns");
  }

  /** Refuses what the stream would forget before its time. */
  async checkAge(keep: number): Promise<void> {
    await this.#prepare();
    if (keep <= this.#maxAge) return;
    // It may be more by the next time.
    this.#ready = undefined;
    throw refused(
      this.name,
      `it forgets messages after ${this.#maxAge} ms, and lease and keep come to ${keep} ms: set maxAge to more, ` +
        `and run: nats stream edit ${this.#settings.stream} --max-age=${Math.ceil(keep / 1_000)}s`,
    );
  }

  /** Where the messages of a stream are stored, as far as is known: see {@linkcode stands}. */
  async log(id: string): Promise<string> {
    await this.#prepare();
    return this.subjects.log(this.#incarnation, id);
  }

  /** Whose messages these are, if they are of this JetStream stream. */
  idOf(subject: string): string | undefined {
    return this.subjects.idOf(this.#incarnation, subject);
  }

  /**
   * Asks whether a subject is still the one of its stream. If not, the JetStream stream was made anew, and what was written
   * there by somebody who did not know is read by nobody.
   */
  async stands(subject: string): Promise<boolean> {
    this.#ready = undefined;
    await this.#prepare();
    return this.idOf(subject) !== undefined;
  }

  /** The last message of a stream, which tells all there is to know of it. */
  async head(id: string): Promise<Stored | undefined> {
    const subject = await this.log(id);
    const head = await this.find({ last_by_subj: subject });
    if (head !== undefined || await this.stands(subject)) return head;
    return await this.find({ last_by_subj: await this.log(id) });
  }

  /** One message. */
  async find(query: MessageQueryLike): Promise<Stored | undefined> {
    const message = await this.#call((manager) => manager.streams.getMessage(this.#settings.stream, query));
    if (message === null) return undefined;
    const { subject, seq, time, data } = message;
    return readStored(this.name, { subject, seq, time: time.getTime(), data });
  }

  /** What was stored just now, as it is stored. Tells the time. */
  async confirm(subject: string, seq: number, sentAt: number): Promise<Stored | undefined> {
    const stored = await this.#call((manager) => manager.streams.getMessage(this.#settings.stream, { seq }));
    if (stored?.subject !== subject) return undefined;
    const time = stored.time.getTime();
    this.time.learn(sentAt, time);
    return readStored(this.name, { subject, seq, time, data: stored.data });
  }

  /**
   * Appends a message to a subject if its last one is `after`, 0 for none. Resolves with its sequence, or with `undefined` if
   * another one is the last.
   */
  async put(subject: string, after: number, payload: string): Promise<number | undefined> {
    const { stream } = this.#settings;
    try {
      await this.#prepare();
      const client = await this.#client;
      const expect = { streamName: stream, lastSubjectSequence: after };
      return (await this.link.call(() => client.publish(subject, payload, { expect }))).seq;
    } catch (error) {
      if (codeOf(error) === CODE.wrongLastSequence) return undefined;
      if (!isNobody(error)) throw explain(this.name, error);
      // The stream was deleted, or is being made; or the server is starting, in which case this fails too.
      this.#ready = undefined;
      await this.#prepare();
      await taking(this.link, stream, subject).catch((cause) => {
        throw explain(this.name, cause);
      });
      return undefined;
    }
  }

  /** The most bytes that a message may have. */
  async maxPayload(): Promise<number> {
    return (await this.connection()).info?.max_payload ?? 1_048_576;
  }

  /** Forgets the messages of a subject that come before a sequence, in the background. Resolves with whether it did. */
  async purge(subject: string, before: number): Promise<boolean> {
    const options = { filter: subject, seq: before };
    return await this.#try((manager) => manager.streams.purge(this.#settings.stream, options));
  }

  /** Forgets one message, in the background. */
  async remove(seq: number): Promise<void> {
    await this.#try((manager) => manager.streams.deleteMessage(this.#settings.stream, seq, false));
  }

  /** Makes sure that there is an estimate of the server's time. */
  async learnTime(): Promise<void> {
    if (this.time.known) return;
    await this.#consume(
      { deliver_policy: "by_start_sequence", opt_start_seq: 1, filter_subject: this.subjects.none },
      () => 0,
      () => false,
    );
  }

  /**
   * Hands out messages until `take` returns false or there are no more. `count` says, given the number of those that are
   * left, how many are fetched together. Resolves with the server's time when it began.
   */
  async each(
    wanted: Wanted,
    count: (left: number) => number,
    take: (message: Stored) => boolean,
  ): Promise<number> {
    return await this.#consume(wanted, count, ({ subject, info, time, data }) => {
      const seq = info.streamSequence;
      return take(readStored(this.name, { subject, seq, time: time.getTime(), data }));
    });
  }

  async #consume(
    wanted: Wanted,
    count: (left: number) => number,
    take: (message: MessageLike) => boolean,
  ): Promise<number> {
    const { stream } = this.#settings;
    const name = `tidings_${this.clock.random().toString(36).slice(2)}`;
    const config: ConsumerConfigLike = {
      ...wanted,
      name,
      ack_policy: "none",
      inactive_threshold: INACTIVE,
      mem_storage: true,
      num_replicas: 1,
    };
    const askedAt = this.clock.now();
    const info = await this.#call((manager) => manager.consumers.add(stream, config));
    const time = Date.parse(info.created.replace(/(\.\d{3})\d+/, "$1"));
    this.time.learn(askedAt, time);
    try {
      const consumer = (await this.#client).consumers.getConsumerFromInfo(info);
      for (let left = info.num_pending, heard = 0; left > 0;) {
        const many = Math.max(1, Math.min(left, count(left)));
        const messages = await consumer.fetch({ max_messages: many, expires: PULL_TIME });
        let more = true;
        const receive = async () => {
          let missing = many;
          for await (const message of messages) {
            const { deliverySequence, pending } = message.info;
            if (deliverySequence !== ++heard) {
              throw unavailable(this.name, "messages were lost on a connection that broke");
            }
            left = pending;
            more = take(message);
            if (!more || pending === 0 || --missing === 0) return;
          }
          // What was counted is gone meanwhile.
          left = 0;
        };
        // The client waits for ever when it is cut off from the server.
        await within(this.clock, PULL_TIME + GRACE, this.link.call(receive), () => {
          throw unavailable(this.name, "no answer in time");
        }).finally(() => void messages.close().catch(() => {}));
        if (!more) break;
      }
      return time;
    } catch (error) {
      throw explain(this.name, error);
    } finally {
      void this.#try((manager) => manager.consumers.delete(stream, name));
    }
  }

  /** Does what may fail: it is done again later, or time does it. */
  async #try(run: (manager: JetStreamManagerLike) => Promise<unknown>): Promise<boolean> {
    try {
      const manager = await this.#manage();
      await this.link.call(() => run(manager));
      return true;
    } catch {
      return false;
    }
  }

  /** Asks the stream, which is made anew if it is gone. */
  async #call<T>(run: (manager: JetStreamManagerLike) => Promise<T>): Promise<T> {
    try {
      const manager = await this.#manage();
      await this.#prepare();
      try {
        return await this.link.call(() => run(manager));
      } catch (error) {
        if (codeOf(error) !== CODE.streamNotFound) throw error;
        this.#ready = undefined;
        await this.#prepare();
        return await this.link.call(() => run(manager));
      }
    } catch (error) {
      throw explain(this.name, error);
    }
  }

  /** The manager of the user's client. Making one asks the server nothing. */
  #manage(): Promise<JetStreamManagerLike> {
    this.#manager ??= this.#client.then((client) => client.jetstreamManager(false));
    return this.#manager;
  }

  /** Knows the stream, or has it made. The next call asks again if that failed. */
  #prepare(): Promise<void> {
    if (this.#ready !== undefined) return this.#ready;
    const ready = this.#open();
    this.#ready = ready;
    ready.catch(() => {
      if (this.#ready === ready) this.#ready = undefined;
    });
    return ready;
  }

  async #open(): Promise<void> {
    const manager = await this.#manage();
    try {
      const info = await this.link.call(async () => await this.#find(manager) ?? await this.#make(manager));
      checkFit(this.name, info, this.#settings, this.subjects);
      checkServer(this.name, info, (await this.connection()).info?.version);
      this.#maxAge = (info.config.max_age ?? 0) / NANOSECONDS;
      this.#incarnation = incarnation(info.created);
    } catch (error) {
      throw explain(this.name, error);
    }
  }

  async #find(manager: JetStreamManagerLike): Promise<StreamInfoLike | undefined> {
    try {
      return await manager.streams.info(this.#settings.stream);
    } catch (error) {
      if (codeOf(error) === CODE.streamNotFound) return undefined;
      throw error;
    }
  }

  #make(manager: JetStreamManagerLike): Promise<StreamInfoLike> {
    const make = () => manager.streams.add(configOf(this.#settings, this.subjects));
    const isDeleted = this.#incarnation !== "";
    return makeOrFind({ clock: this.clock, isDeleted, make, find: () => this.#find(manager) });
  }
}
