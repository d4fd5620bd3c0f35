/**
 * Makes a table in Postgres the log of many broadcasters.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { show, type TidingsError } from "../base/errors.ts";
import {
  booleanOption,
  checkNames,
  clockOption,
  durationOption,
  namesOf,
  numberOption,
} from "../base/options.ts";
import type { Backplane, BackplaneMessage, BackplaneReader } from "../cluster/backplane.ts";
import { encodeChecked, type PublishableEvent } from "../cluster/payload.ts";
import { Subscriptions } from "../store/subscriptions.ts";
import { clientOf, type PostgresClient } from "./clients.ts";
import { CONNECT_TIMEOUT, type PostgresConnection, type PostgresConnector } from "./connection.ts";
import { Migrator } from "./database.ts";
import { explain } from "./errors.ts";
import { compareIds, isLogId } from "./ids.ts";
import { logName } from "./migration.ts";
import { PostgresReader } from "./reader.ts";
import { type PostgresTransaction, runIn } from "./transaction.ts";
import { toStored } from "./text.ts";
import { Trimming } from "./trimming.ts";
import { NotifiedWake, PolledWake, type Wake } from "./wakes.ts";
import { Writer } from "./writer.ts";

/** Options of {@linkcode postgresLog}. */
export interface PostgresLogOptions {
  /**
   * The log's name, which is that of its table in the schema `tidings`: 1 to 40 small letters, digits and `_`, that begin with
   * a letter. Broadcasters with the same one share their events; another feed needs another log.
   */
  readonly table: string;
  /**
   * How many events are kept at least; they are trimmed a tenth of that at a time, so up to that many more. It bounds for how
   * long a process or a client may be away without a gap. Any process that reads trims, so its role needs the right to delete:
   * if it cannot, the Broadcaster's `onError` is told, once. `Infinity` keeps all, or leaves it to others. Default: 100,000.
   */
  readonly maxEvents?: number | undefined;
  /**
   * For how long events are kept at least, in milliseconds and by the server's clock, within `maxEvents`. The newest ones stay
   * while nothing is appended. Default: `Infinity`.
   */
  readonly maxAge?: number | undefined;
  /** Whether what is missing in the database is made: see {@linkcode postgresMigration}. Default: false. */
  readonly migrate?: boolean | undefined;
  /**
   * How it is learnt that there is something new. `LISTEN` needs a session of its own, which a pooler in transaction mode does
   * not give: hand over a client here that connects to the server itself, or say `false`, and Postgres is asked again and
   * again, every `poll` milliseconds. Default: the client.
   */
  readonly listen?: PostgresClient | false | undefined;
  /** Milliseconds between two looks, if `listen` is `false`. Default: 50. */
  readonly poll?: number | undefined;
  /** Time, for tests. Default: the runtime's own. */
  readonly clock?: Clock | undefined;
}

const OPTIONS = namesOf<PostgresLogOptions>({
  table: true,
  maxEvents: true,
  maxAge: true,
  migrate: true,
  listen: true,
  poll: true,
  clock: true,
});

/** A log in Postgres: a backplane, into which can be published within a transaction, too. */
export interface PostgresLog extends Backplane {
  /**
   * Publishes an event within a transaction of yours. Once that is committed the event is delivered, exactly once and in the
   * order of the commits; if it is rolled back nobody ever sees it. `tx` is the client that runs the transaction: of `pg` what
   * `pool.connect()` gives, of `postgres` and Bun what `sql.begin()` calls with. It holds up no other publisher until it
   * commits.
   *
   * Other languages run `SELECT tidings.publish('orders', 'price', '{"amount":1}')`: see the reference.
   *
   * @throws {TidingsError} With code `"invalid-event"`, as `publish()` does, and nothing has happened then. What Postgres
   *   answers rejects with the client's own error: the transaction has failed with it.
   */
  publishIn(tx: PostgresTransaction, event: PublishableEvent): Promise<void>;
}

/**
 * Makes a table in Postgres the log that broadcasters in many processes share. `client` is the one you have: a pool of `pg`, an
 * `sql` of `postgres`, or Bun's `SQL`; for any other, see {@linkcode PostgresConnector}. It stays yours. Of `pg` only the
 * settings are used: each Broadcaster opens one connection to append, one to read, and one to listen, and a fourth for as long
 * as clients ask for what it no longer holds itself. `postgres` and Bun open one to listen, and otherwise lend those of their
 * pool.
 *
 * The server has to be Postgres 12 or later, with a database in UTF8. What is needed in it {@linkcode postgresMigration} makes.
 * Notifications only wake: events are read by their number, and one that was missed costs two seconds at most. Behind a pooler
 * in transaction mode all but `LISTEN` works: see the option `listen`.
 *
 * An acknowledged event is as safe as any commit of yours: see `synchronous_commit`. A failover to a standby that lagged, a
 * backup that was restored and a table that was truncated lose events, and clients are told.
 *
 * @throws {TypeError} If an option is wrong, or the client is none of these.
 *
 * @example
 * ```ts
 * import { postgresLog } from "tidings/postgres";
 *
 * // A client of pg, postgres or Bun is handed over as it is; this stands for one of another library.
 * const connector = { open: () => Promise.reject(new Error("no Postgres here")) };
 * const log = postgresLog(connector, { table: "orders", maxEvents: 50_000, listen: false });
 * console.log(log.name); // Postgres log "orders"
 * ```
 */
export function postgresLog(client: PostgresClient, options: PostgresLogOptions): PostgresLog {
  checkNames("postgresLog", options, OPTIONS, { name: "table", log: "table", stream: "table" });
  const { maxEvents = 100_000, maxAge = Infinity, migrate = false, poll = 50 } = options;
  const log = logName("table", options.table);
  numberOption("maxEvents", maxEvents, { least: 1, unit: "events", endless: true });
  numberOption("maxAge", maxAge, { least: 1_000, unit: "milliseconds", endless: true });
  booleanOption("migrate", migrate);
  durationOption("poll", poll, { least: 1 });
  const clock = clockOption(options.clock);
  const connector = clientOf("postgresLog", client, clock);
  const { listen = client } = options;
  const listener = listen === false ? undefined : clientOf("postgresLog", listen, clock).listen;
  if (listen !== false && listener === undefined) {
    throw new TypeError(
      'postgresLog() needs a session to LISTEN: give your connector the method "listen", see PostgresConnector, or ' +
        'set the option "listen" to false',
    );
  }
  return new Log(connector, listener, { log, maxEvents, maxAge, migrate, poll, clock });
}

class Log implements PostgresLog {
  readonly name: string;
  readonly #connector: PostgresConnector;
  readonly #clock: Clock;
  readonly #log: string;
  readonly #channel: string;
  readonly #poll: number;
  readonly #migrator: Migrator;
  readonly #writer: Writer;
  readonly #trimming: Trimming;
  readonly #subscriptions: Subscriptions | undefined;

  constructor(
    connector: PostgresConnector,
    listen: PostgresConnector["listen"],
    { log, maxEvents, maxAge, migrate, poll, clock }: {
      log: string;
      maxEvents: number;
      maxAge: number;
      migrate: boolean;
      poll: number;
      clock: Clock;
    },
  ) {
    this.name = `Postgres log ${show(log)}`;
    this.#connector = connector;
    this.#clock = clock;
    this.#log = log;
    this.#channel = `tidings_${log}`;
    this.#poll = poll;
    const migrator = new Migrator(migrate ? { logs: [log] } : undefined, [log]);
    this.#migrator = migrator;
    this.#writer = new Writer(connector, {
      log,
      channel: this.#channel,
      clock,
      prepare: (connection) => migrator.prepare(connection),
    });
    this.#trimming = new Trimming(connector, {
      ...{ log, maxEvents, maxAge, clock },
      explain: (error) => this.#explain(error),
    });
    this.#subscriptions = listen && new Subscriptions(listen, {
      clock,
      connectTimeout: CONNECT_TIMEOUT,
      idle: 0,
      owner: "the log",
    });
  }

  isId(text: string): boolean {
    return isLogId(text);
  }

  compare(a: string, b: string): number {
    return compareIds(a, b);
  }

  async append(message: BackplaneMessage): Promise<string> {
    try {
      return await this.#writer.append(message);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async publishIn(tx: PostgresTransaction, event: PublishableEvent): Promise<void> {
    const payload = toStored(encodeChecked(event, (text) => this.isId(text)));
    await runIn(tx, "SELECT tidings.publish_payload($1::text, $2::text)", [this.#log, payload]);
  }

  async open(tell?: (error: TidingsError) => void): Promise<BackplaneReader> {
    if (tell !== undefined) this.#trimming.tell = tell;
    let wake: Wake | undefined;
    let connection: PostgresConnection | undefined;
    try {
      connection = await this.#connector.open();
      await this.#migrator.prepare(connection);
      if (this.#subscriptions !== undefined) {
        wake = await NotifiedWake.open(this.#subscriptions, this.#channel, this.#clock);
      }
      wake ??= new PolledWake(this.#clock, this.#poll, (after) => reader.isThere(after));
      const reader: PostgresReader = new PostgresReader({
        explain: (error) => this.#explain(error),
        log: this.#log,
        connection,
        wake,
        onRead: (count) => this.#trimming.read(count),
      });
      return reader;
    } catch (error) {
      wake?.end();
      connection?.close();
      throw this.#explain(error);
    }
  }

  close(): void {
    this.#writer.close();
  }

  #explain(error: unknown): TidingsError {
    return explain(this.name, error, this.#migrator.isActive);
  }
}
