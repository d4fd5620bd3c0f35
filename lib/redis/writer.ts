/**
 * Keeps the connection that appends: opened when there is something to append, and replaced when it fails or hangs.
 *
 * It is not the client's own, which reconnects by itself and then sends what it still has: what was published later could
 * arrive before what was published earlier and has to be sent again, and long after anybody waits for it.
 *
 * @module
 */

import { type Clock, sleep } from "../base/clock.ts";
import type { RedisConnection } from "./connection.ts";
import { wasAnswered } from "./errors.ts";

// For how long answers may fail to come before the connection is taken for dead, in milliseconds.
const LONGEST_SILENCE = 4_000;

/** A connection, from the wish to have one until it fails. */
interface Line {
  readonly opening: Promise<RedisConnection>;
  /** Rejects the commands that were not answered yet. */
  readonly unanswered: Set<(error: unknown) => void>;
  answered: number;
  /** Why it is used no more. */
  broken: Error | undefined;
}

export class Writer {
  readonly #open: () => Promise<RedisConnection>;
  readonly #clock: Clock;
  #line: Line | undefined;
  #alarm: unknown;

  constructor(open: () => Promise<RedisConnection>, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /**
   * Sends a command, in the order of the calls. When a connection fails, so do all commands that were sent over it, at once
   * and with all that are sent before everybody has heard of it: nothing overtakes what has to be sent again.
   */
  async send(command: string[]): Promise<unknown> {
    const line = this.#line ??= {
      opening: this.#open(),
      unanswered: new Set(),
      answered: 0,
      broken: undefined,
    };
    if (line.broken !== undefined) {
      // In the next turn: somebody who tries again at once must not keep that turn from coming.
      await sleep(this.#clock, 0);
      throw line.broken;
    }
    let connection: RedisConnection;
    try {
      connection = await line.opening;
    } catch (error) {
      this.#break(line);
      throw error;
    }
    if (line.broken !== undefined) throw line.broken;
    try {
      return await this.#ask(line, connection, command);
    } catch (error) {
      // A replica says what it is: after a failover another connection leads to the primary.
      if (!wasAnswered(error) || wasAnswered(error, "READONLY")) this.#break(line);
      throw error;
    }
  }

  /** Lets go of the connection. Another command opens one again. */
  close(): void {
    if (this.#line !== undefined) this.#break(this.#line);
  }

  #ask(line: Line, connection: RedisConnection, command: string[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      line.unanswered.add(reject);
      const answered = () => {
        line.unanswered.delete(reject);
        line.answered++;
        if (line.unanswered.size === 0 && this.#line === line) this.#unwatch();
      };
      this.#watch(line);
      connection.send(command).finally(answered).then(resolve, reject);
    });
  }

  #break(line: Line): void {
    if (line.broken !== undefined) return;
    line.broken = new Error("the connection failed");
    this.#unwatch();
    for (const reject of line.unanswered) reject(line.broken);
    line.opening.then((connection) => connection.close()).catch(() => {});
    // It stays in its place until all who sent something over it have been told.
    this.#clock.setTimeout(() => {
      if (this.#line === line) this.#line = undefined;
    }, 0);
  }

  #watch(line: Line): void {
    if (this.#alarm !== undefined) return;
    const { answered } = line;
    this.#alarm = this.#clock.setTimeout(() => {
      this.#alarm = undefined;
      if (line.answered === answered) this.#break(line);
      else if (line.unanswered.size > 0) this.#watch(line);
    }, LONGEST_SILENCE);
  }

  #unwatch(): void {
    this.#clock.clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }
}
