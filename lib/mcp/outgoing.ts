/**
 * Stores the messages of one stream of an MCP session that this process writes.
 *
 * @module
 */

import { systemClock } from "../base/clock.ts";
import { TidingsError } from "../base/errors.ts";
import type { StreamJob } from "../resumable/handle.ts";
import type { ResumableStreams } from "../resumable/streams.ts";

/** What was told to have been stored last. */
type Told = string | undefined;

export class OutgoingStream {
  readonly #streams: ResumableStreams;
  readonly #name: string;
  #job: Promise<StreamJob> | undefined;
  /** Resolves when all who came before have handed their message over. */
  #turn: Promise<void> = Promise.resolve();
  #told: Told;
  /** While somebody replays, nobody is told that something was stored. */
  #held: Promise<void> | undefined;
  #isClosed = false;

  constructor(streams: ResumableStreams, name: string) {
    this.#streams = streams;
    this.#name = name;
  }

  /**
   * Stores a message, and resolves with its cursor, in the order of the calls. If the stream has ended it begins anew.
   *
   * @param isLast The stream ends after it.
   */
  async append(data: string, isLast: boolean): Promise<string> {
    let cursor: string | undefined;
    while (cursor === undefined) {
      const stored = await this.#inTurn(() => this.#handOver(data, isLast));
      try {
        cursor = await stored();
      } catch (error) {
        // It ended before, by another process or because the lease was over. Whoever is connected shall have the message.
        if (this.#isClosed || (error as { code?: unknown }).code !== "stream-ended") throw error;
      }
    }
    while (this.#held !== undefined) await this.#held;
    this.#told = cursor;
    return cursor;
  }

  /**
   * Replays up to what was told last. Until it is done, and whoever asked for it has had a turn to take over, nobody is told
   * that a message was stored: so the transport writes each message that was not replayed, and none that was.
   */
  async replay<T>(run: (told: Told) => Promise<T>): Promise<T> {
    while (this.#held !== undefined) await this.#held;
    let release!: () => void;
    this.#held = new Promise((resolve) => release = resolve);
    try {
      return await run(this.#told);
    } finally {
      systemClock.setTimeout(() => {
        this.#held = undefined;
        release();
      }, 0);
    }
  }

  /** Ends it, whatever is still to come. */
  async stop(reason: string): Promise<void> {
    this.#isClosed = true;
    const job = await this.#job?.catch(() => {});
    if (job?.open) await this.#streams.stop(this.#name, reason);
  }

  /** Resolves when the stream that is open now has ended. Never rejects. */
  async ended(): Promise<void> {
    await (await this.#job?.catch(() => {}))?.done;
  }

  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    let next!: () => void;
    this.#turn = new Promise((resolve) => next = resolve);
    await before;
    try {
      return await run();
    } finally {
      next();
    }
  }

  async #handOver(data: string, isLast: boolean): Promise<() => Promise<string>> {
    for (;;) {
      if (this.#isClosed) throw new TidingsError("closed", "The event store of this session was closed");
      const opening = this.#job ??= this.#streams.open(this.#name, { patience: Infinity });
      let job: StreamJob;
      try {
        job = await opening;
      } catch (error) {
        this.#job = undefined;
        throw error;
      }
      if (!job.open) {
        this.#job = undefined;
        continue;
      }
      try {
        const stored = job.append({ data });
        if (isLast) void job.end();
        return () => stored;
      } catch (error) {
        if ((error as { code?: unknown }).code !== "stream-behind") throw error;
        await job.ready();
      }
    }
  }
}
