/**
 * Appends entries: what is asked for while a statement is under way goes together in the next.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import type { BackplaneMessage } from "../cluster/backplane.ts";
import type { PostgresConnection, PostgresConnector } from "./connection.ts";
import { arrayOf, toStored } from "./text.ts";

// How long an answer may fail to come before the connection is taken for dead, in milliseconds.
const LONGEST_SILENCE = 4_000;
// How much goes in one statement, at most: entries, and UTF-16 code units.
const MOST = 1_000;
const LARGEST = 1 << 20;

interface Pending extends BackplaneMessage {
  resolve(id: string): void;
  reject(error: unknown): void;
}

export class Writer {
  readonly #connector: PostgresConnector;
  readonly #log: string;
  readonly #channel: string;
  readonly #clock: Clock;
  readonly #prepare: (connection: PostgresConnection) => Promise<void>;
  #queue: Pending[] = [];
  #isRunning = false;
  #connection: PostgresConnection | undefined;
  /** Changes when all that waits has failed: what is still under way then belongs to the life before. */
  #life = 0;

  /** @param prepare Called with each connection before it is used. */
  constructor(
    connector: PostgresConnector,
    { log, channel, clock, prepare }: {
      log: string;
      channel: string;
      clock: Clock;
      prepare: (connection: PostgresConnection) => Promise<void>;
    },
  ) {
    this.#connector = connector;
    this.#log = log;
    this.#channel = channel;
    this.#clock = clock;
    this.#prepare = prepare;
  }

  /**
   * Appends a message, in the order of the calls. When a statement fails, so does all that waits behind it, and in the same
   * turn: nothing overtakes what has to be sent again.
   */
  append(message: BackplaneMessage): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...message, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Lets go of the connection. Another append opens one again. */
  close(): void {
    this.#fail(new Error("the connection was closed"), []);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // What is published in one turn goes together.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#take();
      const life = this.#life;
      try {
        const ids = await within(this.#clock, LONGEST_SILENCE, this.#insert(batch), () => {
          throw new Error(`no answer within ${LONGEST_SILENCE} ms`);
        });
        if (ids.length !== batch.length) throw new Error(`${ids.length} ids for ${batch.length} entries`);
        for (const [index, { resolve }] of batch.entries()) resolve(ids[index]!);
      } catch (error) {
        if (life === this.#life) this.#fail(error, batch);
        else for (const { reject } of batch) reject(error);
      }
    }
    this.#isRunning = false;
  }

  #take(): Pending[] {
    let size = 0;
    let count = 0;
    for (const { payload } of this.#queue) {
      size += payload.length;
      if (count > 0 && (size > LARGEST || count >= MOST)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  async #insert(batch: readonly Pending[]): Promise<string[]> {
    const life = this.#life;
    let connection = this.#connection;
    if (connection === undefined) {
      connection = await this.#connector.open();
      if (life !== this.#life) {
        connection.close();
        throw new Error("the connection came too late");
      }
      this.#connection = connection;
      await this.#prepare(connection);
    }
    const rows = await connection.query(
      "SELECT tidings.append($1::text, $2::text::text[], $3::text::text[]) AS id",
      [
        this.#log,
        arrayOf(batch.map(({ messageId }) => toStored(messageId))),
        arrayOf(batch.map(({ payload }) => toStored(payload))),
      ],
    );
    const ids = rows.map(({ id }) => String(id));
    const last = ids.at(-1);
    // After the commit, in a transaction of its own: one that notifies holds a lock of the whole server while it commits, and
    // that it should not do while the disk is waited for.
    if (last !== undefined) {
      connection.query("SELECT pg_notify($1::text, $2::text)", [this.#channel, last]).catch(() => {});
    }
    return ids;
  }

  #fail(error: unknown, batch: readonly Pending[]): void {
    this.#life++;
    const connection = this.#connection;
    this.#connection = undefined;
    const all = [...batch, ...this.#queue];
    this.#queue = [];
    for (const { reject } of all) reject(error);
    try {
      connection?.close();
    } catch {
      // It was closed already.
    }
  }
}
