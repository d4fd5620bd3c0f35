/**
 * Manages the stream in JetStream: makes it where there is none, publishes to it, and asks what it holds.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { BackplaneMessage } from "../cluster/backplane.ts";
import { CODE, codeOf, explain, refused } from "./errors.ts";
import { Link } from "./link.ts";
import { makeOrFind } from "./make.ts";
import { formatId, incarnation, tagOf } from "./id.ts";
import type { JetStreamSettings } from "./options.ts";
import { isNobody, taking } from "./taking.ts";
import type { JetStreamClientLike, JetStreamManagerLike, StreamInfoLike } from "./types.ts";

// An acknowledgement does not say which stream of that name gave it, so this is how long an answer to that is believed.
const BELIEVED = 1_000;
const NANOSECONDS = 1_000_000;
const MESSAGE_ID = "Nats-Msg-Id";
// Marks what is appended to an empty stream so that there is a place in it.
const PLACE = "tidings:place:";

// A byte order mark is part of the text.
const text = new TextDecoder("utf-8", { ignoreBOM: true });

/** What a stream holds. */
export interface StreamState {
  /** Which stream of that name it is: see {@linkcode incarnation}. */
  readonly created: string;
  readonly messages: number;
  readonly first: number;
  readonly last: number;
}

export class Stream {
  readonly name: string;
  /** The connection, over which every call goes. */
  readonly link: Link;
  readonly clock: Clock;
  readonly #client: Promise<JetStreamClientLike>;
  readonly #settings: JetStreamSettings;
  #manager: Promise<JetStreamManagerLike> | undefined;
  #created = "";
  #askedAt = -Infinity;
  #last = 0;
  #asking: Promise<StreamState> | undefined;
  /** Resolves when there is a stream to publish to. */
  #ready: Promise<void> | undefined;

  constructor(client: JetStreamClientLike | Promise<JetStreamClientLike>, settings: JetStreamSettings) {
    this.name = `JetStream stream ${settings.stream}`;
    this.clock = settings.clock;
    this.#client = Promise.resolve(client);
    // Told to everybody who asks for something, and to nobody else.
    this.#client.catch(() => {});
    this.link = new Link(this.name, this.#client, this.clock);
    this.#settings = settings;
  }

  get stream(): string {
    return this.#settings.stream;
  }

  get client(): Promise<JetStreamClientLike> {
    return this.#client;
  }

  /** The manager of the user's client. Making one asks the server nothing. */
  manager(): Promise<JetStreamManagerLike> {
    this.#manager ??= this.#client.then((client) => client.jetstreamManager(false));
    return this.#manager;
  }

  /** What the stream holds now. It is made if there is none. */
  async state(): Promise<StreamState> {
    try {
      return this.#believe(await this.link.call(async () => await this.#find() ?? await this.#make()));
    } catch (error) {
      throw explain(this.name, error);
    }
  }

  /** Appends a message, and resolves with its id. */
  async append({ messageId, payload }: BackplaneMessage): Promise<string> {
    const sequence = await this.#publish(payload, { msgID: messageId });
    // Sequences that do not grow are a second copy's, or those of a stream that was made anew.
    const age = this.clock.now() - this.#askedAt;
    // A clock that was set back tells nothing.
    if (sequence <= this.#last || age > BELIEVED || age < 0) await this.#ask();
    this.#last = Math.max(this.#last, sequence);
    return formatId(this.#created, sequence, tagOf(messageId));
  }

  /** Appends an entry without a payload, unless somebody else appended one after `last` meanwhile. */
  async appendPlace(last: number): Promise<void> {
    // Node 18 has no global `crypto`, and unlikely is enough here.
    const msgID = `${PLACE}${last}-${this.clock.random().toString(36).slice(2)}`;
    try {
      await this.#publish("", { msgID, lastSequence: last });
    } catch (error) {
      if (codeOf((error as Error).cause) !== CODE.wrongLastSequence) throw error;
    }
  }

  /** Whether the stream still holds the entry. */
  async holds(sequence: number, tag: string): Promise<boolean> {
    try {
      const manager = await this.manager();
      const message = await this.link.call(() => manager.streams.getMessage(this.stream, { seq: sequence }));
      return message !== null && readMessage(message.header, message.data).tag === tag;
    } catch (error) {
      throw explain(this.name, error);
    }
  }

  async #publish(payload: string, options: { msgID: string; lastSequence?: number }): Promise<number> {
    const { stream, subject } = this.#settings;
    const { msgID, lastSequence } = options;
    const expect = { streamName: stream, ...(lastSequence === undefined ? {} : { lastSequence }) };
    try {
      const client = await this.#client;
      const send = () => this.link.call(() => client.publish(subject, payload, { msgID, expect }));
      // Nobody answers for a subject that no stream has: this is where it is made, before the first message. All wait for
      // the same answer, so that whoever publishes later goes on later, also where the stream is known by then.
      const ready = this.#ready ??= this.#prepare();
      await ready;
      try {
        return (await send()).seq;
      } catch (error) {
        if (!isNobody(error)) throw error;
        // It was deleted meanwhile, or the server is starting, in which case this fails too.
        if (this.#ready === ready) this.#ready = undefined;
        await (this.#ready ??= this.#prepare());
        return (await send()).seq;
      }
    } catch (error) {
      throw explain(this.name, error);
    }
  }

  /** Knows the stream, or has it made, and that it takes messages. The next one to publish asks again if that failed. */
  async #prepare(): Promise<void> {
    try {
      await this.#ask();
      await taking(this.link, this.stream, this.#settings.subject);
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  /** One question for all who ask at the same time. */
  #ask(): Promise<StreamState> {
    this.#asking ??= this.state().finally(() => this.#asking = undefined);
    return this.#asking;
  }

  #believe({ created, state }: StreamInfoLike): StreamState {
    const which = incarnation(created);
    if (which !== this.#created) this.#last = 0;
    this.#created = which;
    this.#askedAt = this.clock.now();
    return { created: which, messages: state.messages, first: state.first_seq, last: state.last_seq };
  }

  async #find(): Promise<StreamInfoLike | undefined> {
    const manager = await this.manager();
    try {
      const info = await manager.streams.info(this.stream);
      this.#check(info);
      return info;
    } catch (error) {
      if (codeOf(error) === CODE.streamNotFound) return undefined;
      throw error;
    }
  }

  async #make(): Promise<StreamInfoLike> {
    const { stream, subject, maxEvents, maxBytes, maxAge, replicas, storage, duplicateWindow } =
      this.#settings;
    const manager = await this.manager();
    const make = () =>
      manager.streams.add({
        name: stream,
        subjects: [subject],
        retention: "limits",
        storage,
        discard: "old",
        max_msgs: finite(maxEvents),
        max_bytes: finite(maxBytes),
        max_age: maxAge === Infinity ? 0 : maxAge * NANOSECONDS,
        num_replicas: replicas,
        duplicate_window: duplicateWindow * NANOSECONDS,
      });
    // Another process may have made it with limits of its own.
    const isDeleted = this.#created !== "";
    return await makeOrFind({ clock: this.clock, isDeleted, make, find: () => this.#find() });
  }

  #check({ config }: StreamInfoLike): void {
    const { subject } = this.#settings;
    const { retention, subjects = [] } = config;
    if (retention !== "limits") {
      throw refused(
        this.name,
        `it has the retention policy ${retention}, and must have limits: choose another stream`,
      );
    }
    if (!subjects.some((each) => covers(each, subject))) {
      const all = subjects.join(", ");
      throw refused(
        this.name,
        `it does not take the subject ${subject}, only ${all}: choose one, or another stream`,
      );
    }
  }
}

/** What is in a message of the stream, whoever wrote it. */
export function readMessage(
  headers: { get(name: string): string } | undefined,
  body: Uint8Array,
): { messageId: string | undefined; payload: string | undefined; tag: string } {
  const messageId = headers?.get(MESSAGE_ID) || undefined;
  const payload = text.decode(body);
  const tag = tagOf(messageId ?? payload);
  if (messageId?.startsWith(PLACE)) return { messageId: undefined, payload: undefined, tag };
  return { messageId, payload, tag };
}

/** Whether a stream's subject, which may have wildcards, takes this one. */
export function covers(pattern: string, subject: string): boolean {
  const tokens = subject.split(".");
  const parts = pattern.split(".");
  for (const [index, part] of parts.entries()) {
    if (part === ">") return tokens.length > index;
    if (part !== "*" && part !== tokens[index]) return false;
  }
  return parts.length === tokens.length;
}

function finite(limit: number): number {
  return limit === Infinity ? -1 : limit;
}
