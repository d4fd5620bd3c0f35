/**
 * Keeps a shared log in memory, with the knobs to break it: several broadcasters over the backplanes of one log are what several
 * processes over one engine are, without the engine.
 *
 * @module
 */

import {
  type Backplane,
  type BackplaneEntry,
  type BackplaneMessage,
  type BackplaneReader,
  LONGEST_WAIT,
} from "../../lib/cluster/backplane.ts";

/** What can be asked of the engine. */
export type Call = "append" | "open" | "range" | "before" | "wait";

const CALLS: readonly Call[] = ["append", "open", "range", "before", "wait"];

export class MemoryLog {
  /** The entries, oldest first: to look at, or to change into what no knob makes. */
  entries: BackplaneEntry[] = [];
  /** How often each call was made, since the start or since a test set it to 0. */
  readonly calls: Record<Call, number> = { append: 0, open: 0, range: 0, before: 0, wait: 0 };
  /** Refuses a second copy of a message, by its message id, as JetStream does; Redis does not. */
  deduplicates = false;
  /** A wait brings what there is, as it was when it ended, as with Redis. */
  readsAhead = false;
  /** What a call takes, in milliseconds. */
  latency = 0;
  /** How long a wait lasts in which nothing is appended, in milliseconds. */
  longestWait: number = LONGEST_WAIT;
  /**
   * The number of the next id: like a clock, it goes on when the log is wiped. A test may turn it back, also by a
   * part of a step: with 7.5, places that were lost are given to others whose ids are told apart from theirs, as JetStream
   * does.
   */
  next = 1;

  readonly #failing = new Map<Call, Error>();
  readonly #frozen = new Map<Call, { thawed: Promise<void>; thaw(): void }>();
  readonly #readers = new Set<{ readonly reader: MemoryReader; wake(): void }>();
  #acksToLose = 0;

  /** One process's way to the log. */
  backplane(name = "memory log"): Backplane {
    return {
      name,
      isId: (text) => text.length <= 16 && /^[1-9][0-9]*(\.[0-9]+)?$/.test(text),
      compare: (a, b) => Number(a) - Number(b),
      append: (message) => this.#append(message),
      open: async () => {
        await this.enter("open");
        const reader = new MemoryReader(this);
        this.#readers.add(reader.handle);
        return reader;
      },
    };
  }

  /** How many readers are open. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Forgets the oldest entries, so that only `keep` are left. */
  trim(keep: number): void {
    if (this.entries.length > keep) this.entries = this.entries.slice(this.entries.length - keep);
  }

  /** Forgets the newest entries, though they were acknowledged: a replica that lagged was promoted. */
  loseTail(count: number): void {
    this.entries = this.entries.slice(0, Math.max(0, this.entries.length - count));
    this.disconnect();
  }

  /** Forgets everything: a restart without persistence. */
  wipe(): void {
    this.entries = [];
    this.disconnect();
  }

  /** Calls hang from now on, all of them or the ones named; also those that are under way in a wait. */
  freeze(...calls: Call[]): void {
    for (const call of calls.length > 0 ? calls : CALLS) {
      if (this.#frozen.has(call)) continue;
      let thaw!: () => void;
      const thawed = new Promise<void>((resolve) => thaw = resolve);
      this.#frozen.set(call, { thawed, thaw });
    }
  }

  /** What hangs goes on, and what was appended meanwhile lands, whether or not anybody still waits for it. */
  thaw(): void {
    for (const { thaw } of this.#frozen.values()) thaw();
    this.#frozen.clear();
  }

  /** Calls fail from now on, all of them or the ones named. */
  fail(error: Error = new Error("the memory log is down"), ...calls: Call[]): void {
    for (const call of calls.length > 0 ? calls : CALLS) this.#failing.set(call, error);
    if (calls.length === 0) this.disconnect();
  }

  /** Calls succeed again. */
  mend(): void {
    this.#failing.clear();
  }

  /** The next appends land, and are then reported as failed: the acknowledgement was lost on the way. */
  loseAcks(count: number): void {
    this.#acksToLose = count;
  }

  /** The readers that are open now hang for ever; those opened later do not. */
  wedge(): void {
    for (const { reader } of this.#readers) reader.wedged = true;
  }

  /** Every connection of a reader breaks. */
  disconnect(): void {
    for (const { reader } of [...this.#readers]) reader.close();
  }

  /** Appends as somebody else would, who knows nothing of message ids: also what is no message, without a payload. */
  push(payload: string | undefined, messageId?: string): string {
    const id = String(this.next++);
    this.entries.push({ id, messageId, payload });
    for (const each of this.#readers) each.wake();
    return id;
  }

  async #append({ messageId, payload }: BackplaneMessage): Promise<string> {
    await this.enter("append");
    const copy = this.deduplicates ? this.entries.find((entry) => entry.messageId === messageId) : undefined;
    const id = copy?.id ?? this.push(payload, messageId);
    if (this.#acksToLose > 0) {
      this.#acksToLose--;
      throw new Error("the connection broke before the acknowledgement came");
    }
    return id;
  }

  /** What every call goes through; the faults are here. @internal */
  async enter(call: Call, again = false): Promise<void> {
    if (!again) this.calls[call]++;
    if (this.latency > 0 && !again) await new Promise((resolve) => setTimeout(resolve, this.latency));
    else await undefined;
    while (this.#frozen.has(call)) await this.#frozen.get(call)!.thawed;
    const error = this.#failing.get(call);
    if (error !== undefined) throw error;
  }

  /** @internal */
  leave(handle: { readonly reader: MemoryReader; wake(): void }): void {
    this.#readers.delete(handle);
  }
}

class MemoryReader implements BackplaneReader {
  wedged = false;
  readonly handle: { readonly reader: MemoryReader; wake(): void };
  readonly #log: MemoryLog;
  readonly #closed: Promise<never>;
  #refuse!: (error: Error) => void;
  #wake: (() => void) | undefined;

  constructor(log: MemoryLog) {
    this.#log = log;
    this.handle = { reader: this, wake: () => this.#wake?.() };
    this.#closed = new Promise((_, reject) => this.#refuse = reject);
    this.#closed.catch(() => {});
  }

  range(from: string, limit: number): Promise<readonly BackplaneEntry[]> {
    return this.#call("range", () => {
      const entries = this.#filled();
      const start = Math.max(0, entries.findLastIndex(({ id }) => Number(id) <= Number(from)));
      return entries.slice(start, start + limit);
    });
  }

  #ahead(from: string, limit: number): readonly BackplaneEntry[] | undefined {
    const { readsAhead, entries } = this.#log;
    const start = entries.findIndex(({ id }) => id === from);
    return readsAhead && start >= 0 ? entries.slice(start, start + limit) : undefined;
  }

  before(to: string | undefined, limit: number): Promise<readonly BackplaneEntry[]> {
    return this.#call("before", () => {
      if (to === undefined) return this.#filled().slice(-limit);
      return this.#log.entries.filter(({ id }) => Number(id) <= Number(to)).slice(-limit);
    });
  }

  async wait(after: string, limit: number): Promise<readonly BackplaneEntry[] | void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      await this.#call("wait", () => {});
      if (Number(this.#log.entries.at(-1)?.id ?? 0) > Number(after)) return this.#ahead(after, limit);
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, this.#log.longestWait);
      });
      await Promise.race([woken, this.#closed]);
      const entries = this.#ahead(after, limit);
      // A log that froze meanwhile answers no more.
      await Promise.race([this.#log.enter("wait", true), this.#closed]);
      if (this.wedged) await this.#closed;
      return entries;
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }

  close(): void {
    this.#log.leave(this.handle);
    this.#refuse(new Error("the connection to the memory log was closed"));
  }

  async #call<T>(call: Call, run: () => T): Promise<T> {
    const entered = this.#log.enter(call);
    // Whoever gave a frozen call up hears no more of it.
    entered.catch(() => {});
    await Promise.race([this.#closed, entered]);
    if (this.wedged) await this.#closed;
    return run();
  }

  /** The entries, of which there is one at least. */
  #filled(): readonly BackplaneEntry[] {
    if (this.#log.entries.length === 0) this.#log.push(undefined);
    return this.#log.entries;
  }
}
