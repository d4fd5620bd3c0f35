/**
 * Gives the pieces of work of an application their streams: {@linkcode ResumableStreams}.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import { errorText, report, show, TidingsError } from "../base/errors.ts";
import { checkNames, durationOption, namesOf } from "../base/options.ts";
import { Patience } from "../base/patience.ts";
import { unref } from "../base/runtime.ts";
import { formatCursor, newEpoch, parseCursor } from "../log/cursor.ts";
import type { StreamHead, StreamPage } from "../store/store.ts";
import { isOver } from "../response/final.ts";
import { answer, type StreamHead as ResponseHead } from "../stream/answer.ts";
import { hasLeft } from "../stream/departure.ts";
import { FrameReader, type StoredEvent, toFrame } from "./event.ts";
import { Farewell } from "./farewell.ts";
import { Follower, type FollowerParts, PAGE_BYTES, type Reader } from "./follower.ts";
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
import { type Piece, Run, type RunSettings, type RunStart, type StreamEnd } from "./run.ts";
import { feed, isSource, type WorkSource, wrongSource } from "./source.ts";
import { Subscriber } from "./subscriber.ts";
import type { EventInput } from "../wire/event.ts";

/** A stream that was started. */
export interface StreamHandle {
  /** What it was started under. */
  readonly id: string;
  /** Whether it was running already, and this is only another handle of it. */
  readonly joined: boolean;
  /**
   * Resolves when the stream has ended, and all of it is stored; never rejects. Of one that was joined it takes to the end of
   * its events, which are read for that, and count as read.
   */
  readonly done: Promise<StreamEnd>;
}

/** A stream whose events are appended by hand: see {@linkcode ResumableStreams.open}. */
export interface StreamJob {
  /** What it was opened under. */
  readonly id: string;
  /** Aborted when the stream ends before {@linkcode StreamJob.end} is called: it was stopped, abandoned or lost. */
  readonly signal: AbortSignal;
  /** Whether the stream has not ended. */
  readonly open: boolean;
  /** Resolves when the stream has ended; never rejects. */
  readonly done: Promise<StreamEnd>;
  /**
   * Appends an event. Resolves with its id when it is stored, and rejects with `"stream-ended"` if the stream ended before.
   *
   * @throws {TidingsError} `"invalid-event"`, if it cannot be sent unchanged; `"stream-behind"`, if more than the limit
   * `pending` waits for the store, which does not happen to whoever waits for each.
   */
  append(event: EventInput): Promise<string>;
  /** Waits until the store has all that was appended. Never rejects; `false` if the stream has ended. */
  ready(): Promise<boolean>;
  /** Ends the stream as `"complete"`, after what was appended. Resolves with what it came to. */
  end(): Promise<StreamEnd>;
  /** Ends the stream as `"failed"`. The error is told to the operator (`onError`), and never to readers. */
  fail(error: unknown): Promise<StreamEnd>;
}

/** Options of {@linkcode ResumableStreams.close}. */
export interface CloseStreamsOptions {
  /** Milliseconds that running streams may take to come to their end by themselves. Default: 0. */
  within?: number | undefined;
}

const CLOSE_OPTIONS = namesOf<CloseStreamsOptions>({ within: true });

/** How long what is left at the close may take to be stored, in milliseconds. */
const LAST_CALL = 5_000;
/** How often a process that can take work over looks for some, in milliseconds. */
const SWEEP = 1_000;
/**
 * How long after a lease was seen to be over it has to be seen again, in milliseconds: its owner may have been held up with
 * its store. A process that cannot take the work over waits longer, so that one that can is first, and has seen it twice.
 */
const SECOND_LOOK = { taker: 1_000, other: 3_000 };

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
  /** Streams whose owner may be dead. */
  readonly #overdue = new Set<string>();
  #disown: (() => void) | undefined;
  #sweep: unknown;
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
    const overdue = (id: string) => void this.#seeToLease(id);
    this.#followerParts = { store, clock, waits: this.#waits, tell, overdue };
    if (settings.onLost !== undefined) this.#sweepLater();
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
    checkId(id);
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
    checkId(id);
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
    if (page === undefined) {
      const response = await unknown?.() ??
        textResponse(404, "There is no such stream, or it is no longer kept");
      return withCors(response, head);
    }
    if (isOver(asked)) return withCors(await this.#finished(page.head, finished), head);
    if (asked !== undefined && !isOf(page.head, cursor)) {
      return withCors(
        textResponse(400, "Last-Event-ID is none of this stream's: leave it out to read from the beginning"),
        head,
      );
    }
    if (page.head.state !== "running" && cursor !== undefined) {
      const all = this.#farewell.record(page.head)?.seq ?? page.head.last;
      if (cursor.seq >= all) return withCors(await this.#finished(page.head, finished), head);
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
    return new Response(subscriber.body, { headers: head.headers });
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
    let page = await this.#read(id, cursor?.seq ?? 0);
    if (page === undefined) throw unknownStream(id);
    if (after !== undefined && !isOf(page.head, cursor)) {
      throw new TidingsError(
        "stream-cursor",
        `${show(after)} is no id of stream ${show(id)}: leave "after" out`,
      );
    }
    // What has been checked by now is all that such a caller wants.
    if (signal?.aborted) return;
    let last = cursor?.seq ?? 0;
    const { head } = page;
    const frames = new FrameReader(head.epoch);
    const follower = this.#follow(id, head);
    let wake = () => {};
    const reader: Reader = { news: () => wake() };
    const abort = () => wake();
    signal?.addEventListener("abort", abort);
    follower.join(reader);
    try {
      while (!signal?.aborted && this.#closing === undefined) {
        const missed: number = page === undefined ? last : (page.records[0]?.seq ?? page.head.last + 1) - 1;
        if (missed > last) {
          const reason = last + 1 < page!.head.first ? "trimmed" : "lost";
          const [requested, resumedAt] = [formatCursor(head.epoch, last), formatCursor(head.epoch, missed)];
          const data = JSON.stringify({ requested, resumedAt, reason });
          yield { id: resumedAt, event: "gap", data, sourceId: "" };
          last = missed;
        }
        const records = page?.records ?? follower.records(last);
        page = undefined;
        for (const record of records) {
          const event = frames.read(record);
          last = record.seq;
          if (event !== undefined) yield event;
          if (signal?.aborted) return;
        }
        if (!follower.covers(last)) {
          page = await follower.read(last);
          if (page === undefined) follower.changed();
        } else if (records.length === 0) {
          if (follower.end !== undefined) break;
          await new Promise<void>((resolve) => wake = resolve);
        }
      }
      if (follower.end === undefined || signal?.aborted) return;
      const record = this.#farewell.record(follower.end);
      const event = record && frames.read(record);
      if (event !== undefined) yield event;
    } finally {
      signal?.removeEventListener("abort", abort);
      follower.leave(reader);
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
    this.#clock.clearTimeout(this.#sweep);
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
    if (this.#runs.size + this.#starting >= limits.running) {
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
      const isPermanent = (error as { permanent?: unknown } | null)?.permanent === true;
      throw new TidingsError(
        this.#closing !== undefined ? "closed" : isPermanent ? "backplane-refused" : "backplane-unavailable",
        `The store of the streams cannot be reached, ${this.#settings.store.name}: ${errorText(error)}`,
        { cause: error },
      );
    }
  }

  async #finished(head: StreamHead, answer: StreamSubscribeOptions["finished"]): Promise<Response> {
    return await answer?.(statusOf(head)) ?? new Response(null, { status: 204 });
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

  #sweepLater(): void {
    this.#sweep = this.#clock.setTimeout(() => void this.#lookForLost(), SWEEP);
    // Waiting for other processes' deaths is no reason to live on.
    unref(this.#sweep);
  }

  async #lookForLost(): Promise<void> {
    try {
      const { store } = this.#settings;
      for (const id of await this.#waits.bounded(store.overdue())) void this.#seeToLease(id);
    } catch (error) {
      if (this.#closing === undefined) this.#tell(error, undefined);
    }
    if (this.#closing === undefined) this.#sweepLater();
  }

  /** A lease is over. If it still is a moment later, the work is taken over, or lost. */
  async #seeToLease(id: string): Promise<void> {
    if (this.#overdue.has(id)) return;
    this.#overdue.add(id);
    try {
      const { store, keep, onLost } = this.#settings;
      await this.#waits.sleep(onLost === undefined ? SECOND_LOOK.other : SECOND_LOOK.taker);
      if (this.#closing !== undefined) return;
      const head = (await this.#read(id, Infinity))?.head;
      if (head?.state !== "running" || head.lease > 0) return;
      if (onLost !== undefined && await this.#takeOver(id, onLost)) return;
      await this.#waits.bounded(
        store.end(id, { state: "lost", reason: "its process died", keep, overdue: true }),
      );
    } catch (error) {
      // Whoever reads it next looks again.
      if (this.#closing === undefined) this.#tell(error, id);
    } finally {
      this.#overdue.delete(id);
    }
  }

  /** Says whether somebody has it now. */
  async #takeOver(id: string, onLost: NonNullable<ResumableOptions["onLost"]>): Promise<boolean> {
    const { store, keep, lease, limits } = this.#settings;
    if (this.#runs.size + this.#starting >= limits.running) return false;
    const token = this.#token();
    const head = await this.#waits.bounded(store.claim(id, { owner: this.#owner, token, lease, keep }));
    if (head === undefined) return true;
    const events: StoredEvent[] = [];
    const kept: Piece[] = [];
    const frames = new FrameReader(head.epoch);
    for (let last = 0; last < head.last;) {
      const page = await this.#read(id, last);
      const newest = page?.records.at(-1);
      if (page === undefined || newest === undefined) break;
      let bytes = 0;
      for (const record of page.records) {
        const event = frames.read(record);
        if (event !== undefined) events.push(event);
        bytes += record.frame.length;
      }
      kept.push({ last: newest.seq, events: page.records.length, bytes });
      last = newest.seq;
    }
    const run = this.#run(id, { epoch: head.epoch, token, last: head.last, kept });
    try {
      const source = await onLost(id, { events, losses: head.claims, signal: run.signal });
      if (source === undefined) run.end("lost", "its process died");
      else if (isSource(source)) void feed(run, source);
      else throw wrongSource(source);
    } catch (error) {
      this.#tell(error, id);
      run.end("lost", "its process died");
    }
    return true;
  }

  #tell(error: unknown, id: string | undefined): void {
    const { onError } = this.#settings;
    const what = id === undefined ? "resumable streams" : `stream ${show(id)}`;
    if (onError === undefined) return report(what, error);
    try {
      onError(error, id);
    } catch (thrown) {
      report("onError threw", thrown);
    }
  }
}

/** A handle of a stream that somebody else runs. */
class JoinedStream implements StreamHandle {
  readonly joined = true;
  readonly id: string;
  readonly #streams: ResumableStreams;
  #done: Promise<StreamEnd> | undefined;

  constructor(streams: ResumableStreams, id: string) {
    this.#streams = streams;
    this.id = id;
  }

  /** Read only when it is asked for: it would count as a reader. */
  get done(): Promise<StreamEnd> {
    return this.#done ??= this.#wait();
  }

  async #wait(): Promise<StreamEnd> {
    try {
      for await (const _ of this.#streams.read(this.id));
      const status = await this.#streams.status(this.id);
      if (status !== undefined && status.state !== "running") {
        return { state: status.state, events: status.events, reason: status.reason };
      }
    } catch (error) {
      return { state: "lost", events: 0, error };
    }
    return { state: "lost", events: 0 };
  }
}

function jobOf(run: Run, end: string | false): StreamJob {
  return {
    id: run.id,
    signal: run.signal,
    done: run.finished,
    get open() {
      return run.open;
    },
    append: (event) => run.append(toFrame(event, end)),
    ready: () => run.room(0),
    end() {
      run.end("complete");
      return run.finished;
    },
    fail(error) {
      run.fail(error);
      return run.finished;
    },
  };
}

/** Whether a cursor was given out by this stream. */
function isOf(head: StreamHead, cursor: { epoch: string; seq: number } | undefined): boolean {
  if (cursor === undefined || cursor.epoch !== head.epoch) return false;
  return cursor.seq <= head.last + (head.state === "running" ? 0 : 1);
}

function textResponse(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** Lets the page that may read the stream read this answer too. */
function withCors(response: Response, { headers }: ResponseHead): Response {
  const copy = new Response(response.body, response);
  for (const [name, value] of headers) {
    if ((name.startsWith("access-control-") || name === "vary") && !copy.headers.has(name)) {
      copy.headers.set(name, value);
    }
  }
  if (!copy.headers.has("cache-control")) copy.headers.set("cache-control", "no-store");
  return copy;
}
