/**
 * Reads the shared log, once for the whole process: from its end when the process starts, and from then on without
 * missing anything, or saying what it missed.
 *
 * It reads in one way only, from the entry at which it stands, inclusive. If that entry comes back, nothing was lost
 * since. If an older one comes, the log has lost its end; if a newer one comes, its beginning. So after any failure it just goes on reading, over a new connection, and no failure needs a way of its own.
 *
 * @module
 */

import type { Backplane, BackplaneEntry, BackplaneReader } from "./backplane.ts";
import { MOST_REMEMBERED } from "./deduplicator.ts";
import type { Health } from "../log/sequencer.ts";
import { errorText, TidingsError } from "../base/errors.ts";
import { ReadSize } from "./read_size.ts";
import type { Patience } from "../base/patience.ts";
import { openReader } from "./open_reader.ts";

/** Who is told what was read. Its methods must not throw. */
export interface FollowerListener {
  /**
   * The log as it was found, oldest first. The first entry is only a place: it goes on from there. What lies `before` it was
   * read to know the copies of it, and no further than that needs.
   */
  started(entries: readonly BackplaneEntry[], before: readonly BackplaneEntry[]): void;
  /** The next entries. */
  entries(entries: readonly BackplaneEntry[]): void;
  /**
   * Entries after `from` may be lost. It goes on with the entry `to`, which is handed on next; with the log's end lost that
   * may be one that was handed on before.
   */
  gap(from: string, to: string, lost: "beginning" | "end"): void;
  /**
   * There was nothing more to read at some time after the reading with this number had begun.
   *
   * @returns Whether somebody wants to know the same of a reading that begins later.
   */
  caughtUp(round: number): boolean;
  /**
   * Reading fails, told once each time that it begins to, or fails in another way; or the log has another trouble of its
   * own, see {@linkcode Backplane.open}.
   */
  failed(error: TidingsError): void;
}

export class Follower {
  readonly #backplane: Backplane;
  readonly #patience: Patience;
  readonly #warm: { readonly events: number; readonly bytes: number };
  readonly #listener: FollowerListener;
  readonly #batch = new ReadSize();
  /** The entry at which it stands. */
  #position: BackplaneEntry | undefined;
  #round = 0;
  #reader: BackplaneReader | undefined;
  #stopped = false;
  #failures = 0;
  #told = "";
  #error: unknown = new Error("The backplane was not reached yet");

  /** @param warm How much of what the log holds already is asked for. */
  constructor(
    backplane: Backplane,
    { patience, warm }: { patience: Patience; warm: { readonly events: number; readonly bytes: number } },
    listener: FollowerListener,
  ) {
    this.#backplane = backplane;
    this.#patience = patience;
    this.#warm = warm;
    this.#listener = listener;
    void this.#run();
  }

  /** How many readings have begun. */
  get round(): number {
    return this.#round;
  }

  health(): Health {
    return this.#error === undefined ? { ok: true } : { ok: false, error: this.#error };
  }

  stop(): void {
    this.#stopped = true;
    this.#error = new Error("The broadcaster is closed");
    this.#reader?.close();
  }

  async #run(): Promise<void> {
    // In the next turn, when whoever made this is ready to be told.
    await Promise.resolve();
    while (!this.#stopped) {
      try {
        const tell = (error: TidingsError) => this.#listener.failed(error);
        this.#reader = await openReader(this.#backplane, this.#patience, tell);
        await this.#follow(this.#reader);
      } catch (error) {
        this.#fail(error);
      }
      this.#reader?.close();
      this.#reader = undefined;
      if (!this.#stopped) await this.#patience.pause(this.#failures++);
    }
  }

  async #follow(reader: BackplaneReader): Promise<void> {
    this.#position ??= await this.#start(reader);
    let isAtEnd = false;
    while (!this.#stopped) {
      // What a wait brings may have been read as soon as it began: the reading counts from then.
      this.#round++;
      const { limit } = this.#batch;
      const { id } = this.#position;
      const brought: readonly BackplaneEntry[] | void = isAtEnd ? await reader.wait(id, limit) : undefined;
      if (this.#stopped) return;
      const entries: readonly BackplaneEntry[] = brought || await reader.range(id, limit);
      if (this.#stopped) return;
      this.#advance(entries);
      this.#failures = 0;
      this.#told = "";
      this.#error = undefined;
      this.#batch.learn(entries);
      // Whoever came or was acknowledged during the wait is told by a reading that begins now.
      isAtEnd = entries.length < limit && !this.#listener.caughtUp(this.#round);
    }
  }

  #advance(entries: readonly BackplaneEntry[]): void {
    const position = this.#position!;
    const first = entries[0]!;
    const order = this.#backplane.compare(first.id, position.id);
    // The same id and another message: the log's end was lost, and its ids were given again.
    const isOther = first.messageId !== undefined && position.messageId !== undefined &&
      first.messageId !== position.messageId;
    const isLost = order !== 0 || isOther;
    this.#position = entries.length > 1 || isLost ? entries.at(-1)! : position;
    if (isLost) this.#listener.gap(position.id, first.id, order > 0 ? "beginning" : "end");
    const next = isLost ? entries : entries.slice(1);
    if (next.length > 0) this.#listener.entries(next);
  }

  /**
   * Reads back from the log's end as far as was asked for, and says where that end was. Of what is before that it reads what
   * may have copies further on, though not more bytes than are asked for.
   */
  async #start(reader: BackplaneReader): Promise<BackplaneEntry> {
    const warm = this.#warm;
    let found = await reader.before(undefined, 1);
    const tip = found[0]!;
    let bytes = 0;
    let wanted: number | undefined;
    for (;;) {
      const isWarm = found.length > warm.events || bytes >= warm.bytes;
      if (isWarm) wanted ??= found.length;
      if (isWarm && (found.length > MOST_REMEMBERED || bytes >= 2 * warm.bytes)) break;
      const earlier = await reader.before(found[0]!.id, this.#batch.limit);
      this.#batch.learn(earlier);
      // The last of them is the first that is there already.
      if (earlier.at(-1)?.id !== found[0]!.id || earlier.length === 1) break;
      found = [...earlier.slice(0, -1), ...found];
      for (const { payload = "" } of earlier) bytes += payload.length;
    }
    const from = found.length - (wanted ?? found.length);
    this.#listener.started(found.slice(from), found.slice(0, from));
    return tip;
  }

  #fail(cause: unknown): void {
    if (this.#stopped) return;
    const why = errorText(cause);
    this.#error = cause;
    if (why === this.#told) return;
    this.#told = why;
    this.#listener.failed(
      new TidingsError(
        "backplane-lost",
        `Cannot read ${this.#backplane.name}, and keep trying: ${why}`,
        { cause },
      ),
    );
  }
}
