/**
 * Runs one stream on the process that owns it: gathers its events, appends them, renews its lease and ends it.
 *
 * One append is under way at a time. What comes meanwhile goes together with the next, so that a slow store sees fewer and
 * larger appends; and past a bound the source has to wait.
 *
 * @module
 */

import { isPermanent } from "../base/engine_errors.ts";
import type { Clock } from "../base/clock.ts";
import { errorText, show, TidingsError } from "../base/errors.ts";
import type { Patience } from "../base/patience.ts";
import { formatCursor } from "../log/cursor.ts";
import type { EndState, StreamHead, StreamStore } from "../store/store.ts";

/** How a stream came to its end, as the process learns that ran it. */
export interface StreamEnd {
  /** How it ended. */
  readonly state: EndState;
  /** How many events were stored. */
  readonly events: number;
  /** Why, in words, if somebody gave any. */
  readonly reason?: string | undefined;
  /** What the source threw, with the state `"failed"`; what the store refused, if that ended it. For the operator. */
  readonly error?: unknown;
}

/** What all runs of a process have in common. */
export interface RunSettings {
  readonly store: StreamStore;
  readonly clock: Clock;
  /** All waiting for the store. */
  readonly waits: Patience;
  readonly end: string | false;
  readonly keep: number;
  readonly lease: number;
  readonly patience: number;
  readonly limits: { readonly events: number; readonly bytes: number; readonly pending: number };
  /** Tells the operator. */
  readonly tell: (error: unknown, id: string) => void;
}

/** Which stream it is, and where it stands. */
export interface RunStart {
  readonly id: string;
  readonly epoch: string;
  readonly token: string;
  /** The newest event that is stored. */
  readonly last: number;
  /** What is kept of it, oldest first. */
  readonly kept: readonly Piece[];
}

/** Events in a row, which are forgotten together. */
export interface Piece {
  readonly last: number;
  readonly events: number;
  readonly bytes: number;
}

// What goes into one append at most.
const MOST_FRAMES = 1_000;
const MOST_BYTES = 262_144;
/** Bytes that may wait for the store before a source that can wait has to. */
const COMFORTABLE = 65_536;
/**
 * For how many microtasks in a row a source may give nothing before what it gave is taken for all that it has at once. From
 * one event to the next a stream takes up to 6, and 16 take about a microsecond together.
 */
const QUIET = 16;

const utf8 = new TextEncoder();

interface Pending {
  readonly frame: string;
  readonly bytes: number;
}

interface Waiter {
  readonly seq: number;
  resolve(id: string): void;
  reject(error: unknown): void;
}

export class Run {
  readonly id: string;
  /** How it ended. Never rejects. */
  readonly finished: Promise<StreamEnd>;
  readonly #settings: RunSettings;
  readonly #epoch: string;
  readonly #token: string;
  readonly #abort = new AbortController();
  #finish!: (end: StreamEnd) => void;
  /** What is not known to be stored, oldest first; the newest of it has the number `#last`. */
  readonly #pending: Pending[] = [];
  #pendingBytes = 0;
  #last: number;
  /** What is kept, oldest first: the limits are counted here, so that no store has to. */
  readonly #kept: Piece[];
  #keptEvents = 0;
  #keptBytes = 0;
  #waiters: Waiter[] = [];
  #roomless: { readonly bytes: number; resolve(open: boolean): void }[] = [];
  #working = false;
  #isRenewalDue = false;
  #ending:
    | { readonly state: EndState; readonly reason?: string | undefined; readonly error?: unknown }
    | undefined;
  #isReleased = false;
  #isOver = false;
  #timer: unknown;
  /** When somebody was last known to read it. */
  #readAt: number;

  constructor(settings: RunSettings, { id, epoch, token, last, kept }: RunStart) {
    this.id = id;
    this.#settings = settings;
    this.#epoch = epoch;
    this.#token = token;
    this.#last = last;
    this.#kept = [...kept];
    for (const { events, bytes } of kept) {
      this.#keptEvents += events;
      this.#keptBytes += bytes;
    }
    this.#readAt = settings.clock.now();
    this.finished = new Promise((resolve) => this.#finish = resolve);
    this.#renewLater();
  }

  /** Aborted when the stream ends before its source. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether it takes events. */
  get open(): boolean {
    return !this.#isOver && this.#ending === undefined && !this.#isReleased;
  }

  get endName(): string | false {
    return this.#settings.end;
  }

  /** Whether so much waits for the store that a source should wait, too. */
  get isBehind(): boolean {
    return this.#pendingBytes > COMFORTABLE;
  }

  /**
   * Takes a frame, and says its number.
   *
   * @throws {TidingsError} `"stream-behind"`, if too much waits for the store, which comes only of not waiting for it.
   */
  push(frame: string): number {
    const { limits } = this.#settings;
    const bytes = utf8.encode(frame).byteLength;
    if (bytes > limits.bytes) {
      throw new TidingsError(
        "invalid-event",
        `The event takes ${bytes} bytes, and all of stream ${
          show(this.id)
        } may take ${limits.bytes}: raise limits.bytes, ` +
          "or send less",
      );
    }
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > limits.pending) {
      throw new TidingsError(
        "stream-behind",
        `More than ${limits.pending} bytes of stream ${
          show(this.id)
        } wait for the store: await each append(), or ready()`,
      );
    }
    this.#pending.push({ frame, bytes });
    this.#pendingBytes += bytes;
    this.#last++;
    this.#wake();
    return this.#last;
  }

  /** Takes a frame of a source that can wait, and resolves when the next may come. */
  async offer(frame: string): Promise<void> {
    // At most three bytes for each character: whether it fits is known without encoding it twice.
    const fits = this.#pendingBytes + 3 * frame.length <= this.#settings.limits.pending;
    if (fits || await this.room(0)) this.push(frame);
    if (this.isBehind) await this.room();
  }

  /**
   * Takes a frame, and resolves with the event's id once it is stored.
   *
   * @throws As {@linkcode Run.push}, at once: that is the caller's mistake, and may not pass unseen.
   */
  append(frame: string): Promise<string> {
    const seq = this.open ? this.push(frame) : undefined;
    const stored = new Promise<string>((resolve, reject) => {
      if (seq === undefined) reject(this.#tooLate());
      else this.#waiters.push({ seq, resolve, reject });
    });
    // That the stream was ended by somebody else is no reason to end the process of a caller who does not wait.
    stored.catch(() => {});
    return stored;
  }

  /** Resolves when no more than so many bytes wait for the store; `false` if the stream has ended. */
  room(bytes: number = COMFORTABLE): Promise<boolean> {
    if (!this.open || this.#pendingBytes <= bytes) return Promise.resolve(this.open);
    return new Promise((resolve) => this.#roomless.push({ bytes, resolve }));
  }

  /** Ends the stream after what was pushed. Only the first call counts. */
  end(state: EndState, reason?: string, error?: unknown): void {
    if (!this.open) return;
    this.#ending = { state, reason, error };
    if (state !== "complete") this.#stopSource(state, reason);
    this.#wake();
  }

  /** The source threw: the operator is told what, and the readers only that. */
  fail(error: unknown): void {
    if (!this.open) return;
    this.#settings.tell(error, this.id);
    this.end("failed", undefined, error);
  }

  /** Somebody else may have ended the stream, or taken it over: the store says so when it is asked. */
  check(): void {
    this.#isRenewalDue = true;
    this.#wake();
  }

  /** Stores what is there and gives the lease up, so that another process can take over at once. */
  release(): void {
    this.#isReleased = true;
    this.#stopSource("lost", "its process was shut down");
    this.#wake();
  }

  /** Gives up, whatever is not stored yet. */
  abandon(): void {
    this.#over({ state: "lost", events: this.#last - this.#pending.length });
  }

  #wake(): void {
    if (this.#working || this.#isOver) return;
    this.#working = true;
    void this.#work();
  }

  async #work(): Promise<void> {
    await this.#gather();
    this.#settings.clock.clearTimeout(this.#timer);
    try {
      while (!this.#isOver) {
        if (this.#pending.length > 0 || this.#isRenewalDue) await this.#append();
        else if (this.#ending !== undefined) await this.#storeEnd(this.#ending);
        else if (this.#isReleased) await this.#giveUpLease();
        else break;
      }
    } catch (error) {
      // Trying again will not mend it, or there is no more time for that.
      this.#settings.tell(error, this.id);
      this.#over({ state: "lost", events: this.#last - this.#pending.length, error });
    }
    this.#working = false;
    if (!this.#isOver) this.#renewLater();
  }

  /** What a source gives in one turn goes together: waits until no more of it comes, or enough has. */
  async #gather(): Promise<void> {
    let last = -1;
    for (let quiet = 0; quiet < QUIET; quiet++) {
      await undefined;
      if (this.isBehind || this.#pending.length >= MOST_FRAMES) return;
      if (this.#last === last) continue;
      last = this.#last;
      quiet = 0;
    }
  }

  async #append(): Promise<void> {
    const { store, lease, keep, limits, clock } = this.#settings;
    this.#isRenewalDue = false;
    const first = this.#last - this.#pending.length + 1;
    const frames: string[] = [];
    let bytes = 0;
    for (const { frame, bytes: more } of this.#pending) {
      const isFull = frames.length >= Math.min(MOST_FRAMES, limits.events) || bytes + more > MOST_BYTES;
      if (frames.length > 0 && isFull) break;
      frames.push(frame);
      bytes += more;
    }
    const last = first + frames.length - 1;
    if (frames.length > 0) this.#keep({ last, events: frames.length, bytes });
    const trim = this.#trim();
    const batch = { token: this.#token, lease, keep, first, frames, trim };
    const answer = await this.#persist(() => store.append(this.id, batch));
    if (!answer.written) return this.#overBy(answer.head);
    this.#pending.splice(0, frames.length);
    this.#pendingBytes -= bytes;
    this.#stored(last);
    const now = clock.now();
    if (answer.readers > 0) this.#readAt = now;
    else if (now - this.#readAt >= this.#settings.patience) {
      this.end("abandoned", `nobody read it for ${this.#settings.patience} ms`);
    }
  }

  #keep(piece: Piece): void {
    const { events, bytes } = this.#settings.limits;
    const newest = this.#kept.at(-1);
    // One note for each of 100,000 tokens would take more memory than the tokens do: so there are some 64.
    const isSmall = newest !== undefined && newest.events + piece.events <= events / 64 &&
      newest.bytes + piece.bytes <= bytes / 64;
    if (isSmall) {
      const { last } = piece;
      this.#kept.splice(-1, 1, {
        last,
        events: newest.events + piece.events,
        bytes: newest.bytes + piece.bytes,
      });
    } else this.#kept.push(piece);
    this.#keptEvents += piece.events;
    this.#keptBytes += piece.bytes;
  }

  /** What is over the limits is forgotten, oldest first. Says up to which event. */
  #trim(): number {
    const { events, bytes } = this.#settings.limits;
    let trim = 0;
    while (this.#kept.length > 1 && (this.#keptEvents > events || this.#keptBytes > bytes)) {
      const oldest = this.#kept.shift()!;
      this.#keptEvents -= oldest.events;
      this.#keptBytes -= oldest.bytes;
      trim = oldest.last;
    }
    return trim;
  }

  /** Tells those who waited for it. */
  #stored(last: number): void {
    const waiters = this.#waiters;
    let told = 0;
    while (told < waiters.length && waiters[told]!.seq <= last) {
      waiters[told]!.resolve(formatCursor(this.#epoch, waiters[told]!.seq));
      told++;
    }
    waiters.splice(0, told);
    this.#makeRoom();
  }

  #makeRoom(): void {
    const roomless = this.#roomless;
    if (roomless.length === 0) return;
    this.#roomless = [];
    for (const each of roomless) {
      if (!this.open || this.#pendingBytes <= each.bytes) each.resolve(this.open);
      else this.#roomless.push(each);
    }
  }

  async #storeEnd(
    { state, reason, error }: { state: EndState; reason?: string | undefined; error?: unknown },
  ): Promise<void> {
    const { store, keep } = this.#settings;
    const head = await this.#persist(() => store.end(this.id, { state, reason, keep, token: this.#token }));
    this.#overBy(head, error);
  }

  async #giveUpLease(): Promise<void> {
    const { store, keep } = this.#settings;
    const batch = { token: this.#token, lease: 0, keep, first: this.#last + 1, frames: [], trim: 0 };
    await this.#persist(() => store.append(this.id, batch));
    this.#over({ state: "lost", events: this.#last, reason: "its process was shut down" });
  }

  /** Asks the store until it answers, in whichever way. The operator is told of the first failure in a row. */
  async #persist<T>(call: () => Promise<T>): Promise<T> {
    const { store, waits, tell } = this.#settings;
    for (let failures = 0;; failures++) {
      try {
        return await waits.bounded(call());
      } catch (error) {
        if (this.#isOver || waits.isOver || isPermanent(error)) {
          throw error;
        }
        if (failures === 0) {
          const message = `Stream ${show(this.id)} waits for its store, ${store.name}: ${errorText(error)}`;
          tell(new TidingsError("backplane-unavailable", message, { cause: error }), this.id);
        }
        await waits.pause(failures);
      }
    }
  }

  /** The stream has ended in the store, or is somebody else's now, or is gone. */
  #overBy(head: StreamHead | undefined, error?: unknown): void {
    const events = head?.last ?? this.#last - this.#pending.length;
    if (head === undefined || head.state === "running") this.#over({ state: "lost", events, error });
    else this.#over({ state: head.state, events, reason: head.reason, error });
  }

  #over(end: StreamEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#settings.clock.clearTimeout(this.#timer);
    if (end.state !== "complete") this.#stopSource(end.state, end.reason);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(this.#tooLate(end));
    this.#pending.length = this.#pendingBytes = 0;
    this.#makeRoom();
    this.#finish(end);
  }

  #tooLate(end?: StreamEnd): TidingsError {
    const how = end?.state ?? this.#ending?.state;
    return new TidingsError(
      "stream-ended",
      `Stream ${show(this.id)} has ended${
        how === undefined ? "" : ` (${how})`
      }, and the event was not stored`,
    );
  }

  #stopSource(state: EndState, reason: string | undefined): void {
    if (this.#abort.signal.aborted) return;
    const text = `Stream ${show(this.id)} has ended: ${state}${reason === undefined ? "" : `, ${reason}`}`;
    this.#abort.abort(new DOMException(text, "AbortError"));
  }

  #renewLater(): void {
    const { clock, lease, patience } = this.#settings;
    const soon = patience === Infinity ? Infinity : Math.max(Math.min(patience, 1_000), patience / 3);
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => this.check(), Math.min(lease / 3, soon));
  }
}
