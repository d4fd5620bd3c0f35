/**
 * Makes a table in an SQLite database the log of broadcasters in one process, or in several of one machine.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import type { Clock } from "../base/clock.ts";
import { show } from "../base/errors.ts";
import { checkNames, clockOption, namesOf, numberOption } from "../base/options.ts";
import type { Backplane, BackplaneMessage, BackplaneReader } from "../cluster/backplane.ts";
import { encodePayload } from "../cluster/payload.ts";
import { toDraft } from "../log/draft.ts";
import type { PublishableEvent } from "../log/typed.ts";
import {
  builtinModule,
  fileOf,
  isDatabase,
  type Source,
  sourceOf,
  type SqliteDatabase,
  type SqliteStatement,
} from "./driver.ts";
import { compareIds, formatId, parseId } from "./ids.ts";
import { type Durability, type FileSystem, Link } from "./link.ts";
import { durabilityOption, tableOption } from "./options.ts";
import { SqliteReader } from "./reader.ts";
import { hasTables, logSchema } from "./schema.ts";
import { toStored } from "./text.ts";
import { type Bounds, Trimming } from "./trimming.ts";
import { Watcher } from "./watcher.ts";
import { Writer } from "./writer.ts";

/** Options of {@linkcode sqliteLog}. */
export interface SqliteLogOptions {
  /**
   * The name of the table, and the beginning of a second one's, `<table>_trimmed`. They are made if they are not there.
   * Broadcasters with the same one share their events; another feed needs another. Letters, digits and `_`.
   * Default: `"tidings_events"`.
   */
  readonly table?: string | undefined;
  /** How many events are kept at least; up to a tenth and at most 100 more stay. Default: 100,000. */
  readonly maxEvents?: number | undefined;
  /**
   * For how long events are kept, in milliseconds, at least 1,000. They go with a later commit, so the newest stay while
   * nothing is published. Default: `Infinity`.
   */
  readonly maxAge?: number | undefined;
  /**
   * Bytes that the events take together, at least 100,000, with some 60 for each besides its text. About a sixty-fourth is
   * forgotten at a time. SQLite keeps the room in its file for what comes next. Default: `Infinity`.
   */
  readonly maxBytes?: number | undefined;
  /**
   * What a loss of power may take of what was acknowledged. `"full"`: nothing, if the disk keeps what it was told to sync;
   * each turn's events cost one sync. `"normal"`: the last commits, up to those since the write-ahead log was last moved
   * into the database, each 4 MB; `kill -9` takes nothing. What is lost clients are told, as a `gap`. Default: `"normal"`.
   */
  readonly durability?: Durability | undefined;
  /** Time and chance, for tests. Default: the runtime's own. */
  readonly clock?: Clock | undefined;
}

const OPTIONS = namesOf<SqliteLogOptions>({
  table: true,
  maxEvents: true,
  maxAge: true,
  maxBytes: true,
  durability: true,
  clock: true,
});

/** A log in SQLite. */
export interface SqliteLog extends Backplane {
  /**
   * Publishes an event within a transaction of your own, over your own connection to the same file: once it is committed
   * the event is delivered, once and in order; if it is rolled back nobody ever sees it. Outside of a transaction it is
   * committed at once. The table is made if it is not there.
   *
   * @param database An open database of the library that the log was given, or that the runtime has.
   * @param event What `publish()` of a Broadcaster takes.
   * @returns The event's id, which counts once the transaction is committed.
   * @throws {TidingsError} With code `"invalid-event"`, naming the field and the value received.
   * @throws {TypeError} If the database is none, or is another file.
   */
  publishIn(database: SqliteDatabase, event: PublishableEvent): string;
}

/** As long as an id may be, so that an event can be checked before it has one. */
const LONGEST_ID = "0".repeat(24);

/**
 * Makes a table in an SQLite database the log of a Broadcaster: its events and their ids outlive the process, and all processes
 * of the machine that name the same file and table share them. There is no server to run.
 *
 * `database` is the path of a file, which is made if it is not there and opened by the runtime's own library: `node:sqlite`
 * with Node from 22.13 on, Deno and Bun. Or it is an open database, of `node:sqlite`, `bun:sqlite` or `better-sqlite3` (for
 * Node 18 and 20): it stays yours, and connections of the log's own are opened to its file by the same library. The file must
 * lie on a local disk, since it is put into the journal mode WAL, for good.
 *
 * What one turn of the event loop publishes is one transaction. Other processes notice within some 5 ms while there is
 * something to notice, and after a quiet second at once where the file system tells of changes, or within 100 ms. While
 * another transaction holds the lock the log waits for it without holding the event loop, up to 4 s for each attempt.
 *
 * Any program may publish, in plain SQL: `INSERT INTO tidings_events (payload) VALUES ('{"event":"price","json":{"amount":1}}')`.
 *
 * @throws {TypeError} If an option is wrong, or the database is none of these, or is in memory, or a path was given where the
 *   runtime has no SQLite of its own.
 *
 * @example
 * ```ts
 * import { Broadcaster } from "tidings";
 * import { sqliteLog } from "tidings/sqlite";
 *
 * export function feed(path: string) {
 *   return new Broadcaster({ backplane: sqliteLog(path, { maxEvents: 50_000 }) });
 * }
 * ```
 */
export function sqliteLog(database: string | SqliteDatabase, options: SqliteLogOptions = {}): SqliteLog {
  checkNames("sqliteLog", options, OPTIONS, { name: "table", prefix: "table", synchronous: "durability" });
  const { maxEvents = 100_000, maxAge = Infinity, maxBytes = Infinity } = options;
  const table = tableOption(options.table ?? "tidings_events");
  const durability = durabilityOption(options.durability ?? "normal");
  numberOption("maxEvents", maxEvents, { least: 1, unit: "events", endless: true });
  numberOption("maxAge", maxAge, { least: 1_000, unit: "milliseconds", endless: true });
  numberOption("maxBytes", maxBytes, { least: 100_000, unit: "bytes", endless: true });
  const clock = clockOption(options.clock);
  const source = sourceOf("sqliteLog", database);
  return new Log(source, table, { maxEvents, maxAge, maxBytes }, durability, clock);
}

class Log implements SqliteLog {
  readonly name: string;
  readonly #source: Source;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #link: Link;
  readonly #watcher: Watcher;
  readonly #writer: Writer;
  readonly #readers = new Set<BackplaneReader>();
  /** The statements of databases that are the user's. */
  readonly #inserts = new WeakMap<SqliteDatabase, SqliteStatement>();

  constructor(source: Source, table: string, bounds: Bounds, durability: Durability, clock: Clock) {
    this.name = `SQLite table ${show(table)} in ${show(source.path)}`;
    this.#source = source;
    this.#table = table;
    this.#clock = clock;
    const link = this.#link = new Link({
      name: this.name,
      source,
      durability,
      clock,
      setUp: () => {
        if (hasTables(link, [table, `${table}_trimmed`])) return;
        link.write(() => link.exec(logSchema(table, clock.now())));
      },
    });
    const trimming = new Trimming(link, table, bounds);
    this.#watcher = new Watcher(link, clock);
    this.#writer = new Writer({
      link,
      clock,
      tidy: () => trimming.tidy(clock.now()),
      onCommit: () => this.#watcher.committed(),
    });
  }

  isId(text: string): boolean {
    return parseId(text) !== undefined;
  }

  compare(a: string, b: string): number {
    return compareIds(a, b);
  }

  append({ messageId, payload }: BackplaneMessage): Promise<string> {
    return this.#writer.write(() => this.#insert(messageId, payload), payload.length);
  }

  async open(): Promise<BackplaneReader> {
    await this.#link.open();
    const reader: BackplaneReader = new SqliteReader({
      link: this.#link,
      watcher: this.#watcher,
      clock: this.#clock,
      table: this.#table,
      mark: () => this.#mark(),
      onClose: () => {
        this.#readers.delete(reader);
        this.#letGo();
      },
    });
    this.#readers.add(reader);
    return reader;
  }

  publishIn(database: SqliteDatabase, event: PublishableEvent): string {
    toDraft(event, LONGEST_ID, Infinity, (text) => this.isId(text));
    const payload = encodePayload(event);
    const message = randomUUID();
    let insert = this.#inserts.get(database);
    if (insert === undefined) this.#inserts.set(database, insert = this.#prepare(database));
    const { lastInsertRowid } = insert.run(message, payload) as { lastInsertRowid: number | bigint };
    this.#watcher.hurry();
    return formatId(Number(lastInsertRowid), message);
  }

  close(): void {
    this.#isClosing = true;
    this.#letGo();
  }

  #isClosing = false;

  /** Closes the connection once nobody needs it. */
  #letGo(): void {
    if (!this.#isClosing || this.#readers.size > 0) return;
    this.#isClosing = false;
    this.#writer.close();
    this.#watcher.close();
    this.#link.close();
  }

  #insert(message: string, payload: string | null): string {
    const id = this.#link.insert(
      `INSERT INTO ${this.#table} (message, at, payload) VALUES (?, ?, ?)`,
      message,
      Math.floor(this.#clock.now()),
      payload === null ? null : toStored(payload),
    );
    return formatId(id, message);
  }

  /** Gives an empty log an entry that is no message, so that there is a place at which to stand. */
  async #mark(): Promise<void> {
    await this.#writer.write(() => {
      const isEmpty = this.#link.get(`SELECT 1 FROM ${this.#table} LIMIT 1`) === undefined;
      if (isEmpty) this.#insert(randomUUID(), null);
    });
  }

  #prepare(database: SqliteDatabase): SqliteStatement {
    if (!isDatabase(database)) {
      throw new TypeError(
        `publishIn() takes your open database, and then the event, received ${show(database)} first`,
      );
    }
    const path = fileOf(database);
    if (path === undefined || !isSameFile(path, this.#source.path)) {
      throw new TypeError(
        `publishIn() takes a database that is the file of the log, ${this.#source.path}, received ${
          path || "one in memory"
        }`,
      );
    }
    database.exec(logSchema(this.#table, this.#clock.now()));
    return database.prepare(`INSERT INTO ${this.#table} (message, payload) VALUES (?, ?)`);
  }
}

/** Whether two paths lead to one file, as far as can be told: a link's other name counts too. */
function isSameFile(a: string, b: string): boolean {
  const fileSystem = builtinModule("node:fs") as FileSystem | undefined;
  if (a === b || fileSystem === undefined) return a === b;
  try {
    const [left, right] = [fileSystem.statSync(a), fileSystem.statSync(b)];
    return left.ino === right.ino && left.dev === right.dev;
  } catch {
    return false;
  }
}
