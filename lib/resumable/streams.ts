/**
 * Gives the pieces of work of an application their streams: {@linkcode ResumableStreams}.
 *
 * @module
 */

import { engineError, isPermanent } from "../base/engine_errors.ts";
import { type Clock, within } from "../base/clock.ts";
import { callHook, errorText, report, show, TidingsError } from "../base/errors.ts";
import { checkNames, durationOption, namesOf } from "../base/options.ts";
import { Patience } from "../base/patience.ts";
import { newEpoch, parseCursor } from "../log/cursor.ts";
import type { StreamHead, StreamPage } from "../store/store.ts";
import { isOver } from "../response/final.ts";
import { answer } from "../stream/answer.ts";
import { hasLeft } from "../stream/departure.ts";
import { finishedAnswer, isOf, strangerAnswer, unknownAnswer } from "./answers.ts";
import type { StoredEvent } from "./event.ts";
import { Farewell } from "./farewell.ts";
import { Follower, type FollowerParts, PAGE_BYTES } from "./follower.ts";
import { jobOf, JoinedStream, type StreamHandle, type StreamJob } from "./handle.ts";
import { Leases } from "./leases.ts";
import {
  checkId,
  checkOpenOptions,
  checkReadOptions,
  checkStartOptions,
  checkSubscribeOptions,
  type OpenOptions,
  type ReadOptions,
  type ResumableOptions,
  type Settings,
  settingsOf,
  type StartOptions,
  statusOf,
  type StreamStatus,
  type StreamSubscribeOptions,
  unknownStream,
} from "./options.ts";
import { readOn } from "./reading.ts";
import { Run, type RunSettings, type RunStart } from "./run.ts";
import { feed, isSource, type WorkSource, wrongSource } from "./source.ts";
import { Subscriber } from "./subscriber.ts";

/** Options of {@linkcode ResumableStreams.close}. */
export interface CloseStreamsOptions {
  /** Milliseconds that running streams may take to come to their end by themselves. Default: 0. */
  within?: number | undefined;
}

const CLOSE_OPTIONS = namesOf<CloseStreamsOptions>({ within: true });

/** How long what is left at the close may take to be stored, in milliseconds. */
const LAST_CALL = 5_000;

/**
 * Streams that belong to one piece of work each: a language model's answer, a job, an upload. A stream runs on whoever reads
 * it, is read from its beginning or from any event on by as many as like, on any process that has the same store, and can be
 * stopped from any of them. When it has ended its readers get an event `end` that says how.
 *
 * @example
 * ```ts
 * import { ResumableStreams } from "tidings/resumable";
 *
 * const answers = new ResumableStreams({ patience: 30_000 });
 *
 * await answers.start("chat-1", async function* ({ signal }) {
 *   for (const word of ["three", "small", "words"]) {
 *     if (signal.aborted) return;
 *     yield { event: "token", data: word };
 *   }
 * });
 *
 * const response = await answers.subscribe(new Request("http://localhost/chat-1"), "chat-1");
 * const text = await response.text();
 * if (!text.includes("data: three\n\n") || !text.includes('data: {"state":"complete","events":3}')) throw new Error(text);
 * await answers.close();
 * ```
 */
export class ResumableStreams {
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #waits: Patience;
  readonly #farewell: Farewell;
  readonly #runSettings: RunSettings;
  readonly #followerParts: FollowerParts;
  /** This object, as an owner of streams. */
  readonly #owner: string;
  readonly #runs = new Map<string, Run>();
  /** Streams that are being created, which the limit counts too. */
  #starting = 0;
  #tokens = 0;
  readonly #followers = new Map<string, Follower>();
  readonly #subscribers = new Set<Subscriber>();
  readonly #leases: Leases;
  #disown: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Makes an object that starts, reads and stops streams.
   *
   * @throws {TypeError} If an option is wrong, naming it.
   */
  constructor(options: ResumableOptions = {}) {
    const settings = this.#settings = settingsOf(options);
    const { store, clock } = settings;
    this.#clock = clock;
    this.#waits = new Patience(clock, "ResumableStreams");
    this.#owner = newEpoch(clock);
    const tell = (error: unknown, id: string) => this.#tell(error, id);
    this.#farewell = new Farewell(settings.end, (error) => this.#tell(error, undefined));
    this.#runSettings = { ...settings, end: this.#farewell.name, waits: this.#waits, tell };
    this.#leases = new Leases({
      settings,
      clock,
      waits: this.#waits,
      tell: (error, id) => this.#tell(error, id),
      read: (id, after) => this.#read(id, after),
      owner: () => this.#isFull ? undefined : { owner: this.#owner, token: this.#token() },
      run: (id, start) => this.#run(id, start),
    });
    const overdue = (id: string) => void this.#leases.seeTo(id);
    this.#followerParts = { store, clock, waits: this.#waits, tell, overdue };
  }

  /**
   * Starts a stream, and lets its source run until it ends, whoever reads it. Resolves once the stream is there, so that a
   * reader who is told of it then finds it. One that has ended is replaced.
   *
   * @param id What it is read and stopped by: 1 to 200 characters. Whoever knows it can read the stream, as far as your own
   * routes let them.
   * @param source Its events: an iterable or a generator function, a callback, a `ReadableStream`, or another server's
   * `Response`. What it throws ends the stream as `"failed"`, and is told to `onError`.
   * @throws {TidingsError} `"stream-taken"`, if one by this id is running, on any process; `"stream-limit"`, if too many are
   * running on this one; `"closed"`, after `close()`; `"backplane-unavailable"`, if the store cannot be reached, within 5 s;
   * `"backplane-refused"`, if trying again will not mend it.
   * @throws {TypeError} If the id, the source or an option is of no use.
   */
  async start(id: string, source: WorkSource, options: StartOptions = {}): Promise<StreamHandle> {
    checkId(id, "start(id, source)");
    if (!isSource(source)) throw wrongSource(source);
    checkStartOptions(options);
    const run = await this.#create(id, options.patience, options.ifTaken === "join");
    if (run === undefined) return new JoinedStream(this, id);
    void feed(run, source);
    return { id, joined: false, done: run.finished };
  }

  /**
   * Starts a stream whose events are appended by hand, for work that pushes.
   *
   * @throws As {@linkcode ResumableStreams.start}.
   *
   * @example
   * ```ts
   * import { ResumableStreams } from "tidings/resumable";
   *
   * const jobs = new ResumableStreams();
   * const job = await jobs.open("job-7");
   * await job.append({ event: "progress", data: { percent: 50 } });
   * const { state, events } = await job.end();
   * if (state !== "complete" || events !== 1) throw new Error();
   * await jobs.close();
   * ```
   */
  async open(id: string, options: OpenOptions = {}): Promise<StreamJob> {
    checkId(id);
    checkOpenOptions(options);
    return jobOf((await this.#create(id, options.patience, false))!, this.#farewell.name);
  }

  /**
   * Answers a request with a stream: all its events from `Last-Event-ID` on, then what is new, then the end. Other answers:
   *
   * - 404 if there is no such stream, or no longer, and 400 if the last event ID is none of this stream's: an `EventSource`
   *   does not come back after either;
   * - 204 if the client has had all of a stream that has ended, for which an `EventSource` stops.
   *
   * The first event is a `gap` if events that the client has not had are no longer kept. Ids are `<epoch>-<number>`, and say
   * nothing that a client could not know.
   *
   * @throws {TidingsError} `"backplane-unavailable"`, if the store cannot be reached, within 5 s: answer 503 then;
   * `"backplane-refused"`, if trying again will not mend it.
   * @throws {TypeError} If the id or an option is of no use.
   */
  async subscribe(request: Request, id: string, options: StreamSubscribeOptions = {}): Promise<Response> {
    checkId(id, "subscribe(request, id)");
    checkSubscribeOptions(options);
    const { lastEventId, lastEventIdQuery, newest, live, unknown, finished, ...own } = options;
    const { clock, lagTimeout } = this.#settings;
    const head = answer(request, own, 200, lastEventIdQuery);
    if (head instanceof Response) return head;
    this.#requireOpen();
    const asked = (lastEventId ?? head.lastEventId) || undefined;
    const cursor = asked === undefined ? undefined : parseCursor(asked);
    const had = cursor?.seq ?? 0;
    const page = await this.#read(id, newest === undefined ? had : Infinity);
    if (page === undefined) return unknownAnswer(head, { unknown });
    if (isOver(asked)) return finishedAnswer(head, page.head, { finished });
    if (asked !== undefined && !isOf(page.head, cursor)) return strangerAnswer(head);
    if (page.head.state !== "running" && cursor !== undefined) {
      const all = this.#farewell.record(page.head)?.seq ?? page.head.last;
      if (cursor.seq >= all) return finishedAnswer(head, page.head, { finished });
    }
    if (this.#closing !== undefined || hasLeft(request) || own.signal?.aborted) {
      return new Response("", { headers: head.headers });
    }
    const follower = this.#follow(id, page.head);
    const subscriber: Subscriber = new Subscriber(request, head, { ...own, clock }, {
      follower,
      after: newest === undefined ? had : Math.max(had, page.head.last - newest),
      page: newest === undefined ? page : undefined,
      farewell: this.#farewell,
      live,
      lagTimeout,
      now: () => clock.now(),
      onEnded: () => {
        this.#subscribers.delete(subscriber);
        this.#forget(follower);
      },
    });
    if (subscriber.open) this.#subscribers.add(subscriber);
    return subscriber.response({ headers: head.headers });
  }

  /**
   * Reads a stream without HTTP, from its beginning or from an event on, to its end. The last event is the end; one named
   * `gap` comes in the place of events that are no longer kept.
   *
   * @throws {TidingsError} `"stream-unknown"`, if there is no such stream; `"stream-cursor"`, if `after` is no id of it.
   */
  async *read(id: string, options: ReadOptions = {}): AsyncGenerator<StoredEvent, void> {
    checkId(id);
    checkReadOptions(options);
    const { after, signal } = options;
    const cursor = after === undefined ? undefined : parseCursor(after);
    this.#requireOpen();
    const page = await this.#read(id, cursor?.seq ?? 0);
    if (page === undefined) throw unknownStream(id);
    if (after !== undefined && !isOf(page.head, cursor)) {
      throw new TidingsError(
        "stream-cursor",
        `${show(after)} is no id of stream ${show(id)}: leave "after" out`,
      );
    }
    // What has been checked by now is all that such a caller wants.
    if (signal?.aborted) return;
    const follower = this.#follow(id, page.head);
    try {
      yield* readOn({
        follower,
        after: cursor?.seq ?? 0,
        page,
        farewell: this.#farewell,
        signal,
        isClosed: () => this.#closing !== undefined,
      });
    } finally {
      this.#forget(follower);
    }
  }

  /**
   * Ends a stream, from any process: its source's signal is aborted, and its readers get the end, as `"stopped"`. What the
   * source has made and the store has not is not sent any more.
   *
   * @param reason Why: told to the source and to the readers, so keep it free of secrets.
   * @returns How the stream stands then: as it ended, if it had before; `undefined` if there is none.
   */
  async stop(id: string, reason?: string): Promise<StreamStatus | undefined> {
    checkId(id);
    this.#requireOpen();
    if (reason !== undefined && typeof reason !== "string") {
      throw new TypeError(`The reason of stop() must be a string, received ${show(reason)}`);
    }
    const { store, keep } = this.#settings;
    const head = await this.#ask(store.end(id, { state: "stopped", reason, keep }));
    this.#runs.get(id)?.check();
    return head && statusOf(head);
  }

  /** How a stream stands; `undefined` if there is none, or no longer. */
  async status(id: string): Promise<StreamStatus | undefined> {
    checkId(id);
    this.#requireOpen();
    const head = (await this.#read(id, Infinity))?.head;
    return head && statusOf(head);
  }

  /**
   * Ends all that this object does. Running streams may come to their end within a time; those that are left are given up to
   * another process (`onLost`), or are lost. Clients' streams end, and a client of `EventSource` comes back by itself, to
   * another process. The store's connections are let go.
   */
  close(options: CloseStreamsOptions = {}): Promise<void> {
    checkNames("close", options, CLOSE_OPTIONS);
    const { within: time = 0 } = options;
    durationOption("within", time, { least: 0 });
    return this.#closing ??= this.#close(time);
  }

  async #close(time: number): Promise<void> {
    const { store } = this.#settings;
    this.#leases.close();
    const all = () => Promise.all([...this.#runs.values()].map(({ finished }) => finished));
    if (time > 0 && this.#runs.size > 0) await within(this.#clock, time, all(), () => {});
    for (const run of this.#runs.values()) run.release();
    if (this.#runs.size > 0) await within(this.#clock, LAST_CALL, all(), () => {});
    for (const run of this.#runs.values()) run.abandon();
    this.#waits.end();
    for (const subscriber of this.#subscribers) subscriber.leave();
    for (const follower of this.#followers.values()) follower.close();
    this.#disown?.();
    store.close();
  }

  #requireOpen(): void {
    if (this.#closing === undefined) return;
    throw new TidingsError(
      "closed",
      "ResumableStreams was closed: nothing can be started, read or stopped any more",
    );
  }

  /** Creates a stream of ours; `undefined` if it runs already and `join` allows that. */
  async #create(id: string, patience: number | undefined, join: boolean): Promise<Run | undefined> {
    this.#requireOpen();
    const { store, keep, lease, limits } = this.#settings;
    if (this.#isFull) {
      throw new TidingsError(
        "stream-limit",
        `This process runs ${limits.running} streams, as many as limits.running allows: ${
          show(id)
        } was not started`,
      );
    }
    const token = this.#token();
    const epoch = newEpoch(this.#clock);
    this.#starting++;
    try {
      const created = await this.#ask(
        store.create(id, { owner: this.#owner, token, epoch, lease, keep }),
      );
      if (created) return this.#run(id, { epoch, token, last: 0, kept: [] }, patience);
    } finally {
      this.#starting--;
    }
    if (join) return undefined;
    throw new TidingsError(
      "stream-taken",
      `Stream ${
        show(id)
      } is running already: choose another id, stop that one first, or join it (ifTaken: "join")`,
    );
  }

  get #isFull(): boolean {
    return this.#runs.size + this.#starting >= this.#settings.limits.running;
  }

  #token(): string {
    // It is heard of from the first stream on, and not before: many processes only read.
    this.#disown ??= this.#settings.store.own(this.#owner, (id) => this.#runs.get(id)?.check());
    return `${this.#owner}:${++this.#tokens}`;
  }

  #run(id: string, start: Omit<RunStart, "id">, patience: number = this.#settings.patience): Run {
    const run = new Run({ ...this.#runSettings, patience }, { id, ...start });
    this.#runs.set(id, run);
    void run.finished.then(() => {
      if (this.#runs.get(id) === run) this.#runs.delete(id);
    });
    return run;
  }

  #read(id: string, after: number): Promise<StreamPage | undefined> {
    return this.#ask(this.#settings.store.read(id, after, PAGE_BYTES));
  }

  /** The outcome of a call of the store. Whatever it fails with, the caller is told in one way that there is no reaching it. */
  async #ask<T>(call: Promise<T>): Promise<T> {
    try {
      return await this.#waits.bounded(call);
    } catch (error) {
      if (error instanceof TidingsError) throw error;
      const message = `The store of the streams cannot be reached, ${this.#settings.store.name}: ${
        errorText(error)
      }`;
      if (this.#closing !== undefined) throw new TidingsError("closed", message, { cause: error });
      throw engineError(message, error, isPermanent(error));
    }
  }

  /** The stream's follower in this process; a new one if the stream is another by now. */
  #follow(id: string, head: StreamHead): Follower {
    const known = this.#followers.get(id);
    if (known?.epoch === head.epoch) return known;
    const follower = new Follower(this.#followerParts, id, head);
    this.#followers.set(id, follower);
    return follower;
  }

  #forget(follower: Follower): void {
    if (follower.readers === 0 && this.#followers.get(follower.id) === follower) {
      this.#followers.delete(follower.id);
    }
  }

  #tell(error: unknown, id: string | undefined): void {
    const { onError } = this.#settings;
    const what = id === undefined ? "resumable streams" : `stream ${show(id)}`;
    if (onError === undefined) return report(what, error);
    callHook("onError", () => onError(error, id));
  }
}
