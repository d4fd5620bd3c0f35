/**
 * The connection that appends: opened when there is something to append, and replaced when it fails or hangs.
 *
 * It is not the client's own, which reconnects by itself and then sends what it still has: what was published later could
 * arrive before what was published earlier and has to be sent again, and long after anybody waits for it.
 *
 * @module
 */

import type { RedisConnection, RedisConnector } from "./connection.ts";
import { wasAnswered } from "./errors.ts";

// For how long answers may fail to come before the connection is taken for dead, in milliseconds.
const LONGEST_SILENCE = 4_000;

export class Writer {
  readonly #connector: RedisConnector;
  #connection: Promise<RedisConnection> | undefined;
  /** Commands without an answer, and how many were answered. */
  #open = 0;
  #answered = 0;
  #alarm: ReturnType<typeof setTimeout> | undefined;

  constructor(connector: RedisConnector) {
    this.#connector = connector;
  }

  /** Sends a command, in the order of the calls. Nothing that was sent before a connection failed arrives after it. */
  async send(command: string[]): Promise<unknown> {
    const opening = this.#connection ??= this.#connector.open();
    let connection: RedisConnection;
    try {
      connection = await opening;
    } catch (error) {
      this.#drop(opening);
      throw error;
    }
    this.#open++;
    this.#watch(opening);
    try {
      return await connection.send(command);
    } catch (error) {
      // A replica says what it is: after a failover another connection leads to the primary.
      if (!wasAnswered(error) || wasAnswered(error, "READONLY")) this.#drop(opening);

      throw error;
    } finally {
      this.#open--;
      this.#answered++;
      if (this.#open === 0) this.#unwatch();
    }
  }

  /** Lets go of the connection. Another command opens one again. */
  close(): void {
    if (this.#connection !== undefined) this.#drop(this.#connection);
  }

  #drop(connection: Promise<RedisConnection>): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#unwatch();
    connection.then((it) => it.close()).catch(() => {});
  }

  #watch(connection: Promise<RedisConnection>): void {
    if (this.#alarm !== undefined) return;
    const answered = this.#answered;
    this.#alarm = setTimeout(() => {
      this.#alarm = undefined;
      if (this.#answered === answered) this.#drop(connection);
      else if (this.#open > 0) this.#watch(connection);
    }, LONGEST_SILENCE);
  }

  #unwatch(): void {
    clearTimeout(this.#alarm);
    this.#alarm = undefined;
  }
}
