/**
 * Keeps one connection to a database file, and notices when it is no longer the file that lies at the path.
 *
 * All calls of a driver are synchronous, so what is done over one connection never interleaves, and one is enough for
 * whoever writes and reads. It never waits for a lock by itself, which would hold the event loop, and with it a transaction
 * of the same process that would have to end first: whoever is refused tries again in a later turn.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Source, SqliteDatabase, SqliteStatement, SqliteValue } from "./driver.ts";
import { explain, isBusy, isMissing, unavailable } from "./errors.ts";
import { retried, type Retry } from "./retry.ts";

/** What a commit outlives: `"full"` a loss of power, `"normal"` the death of the process. */
export type Durability = "full" | "normal";

/** What is used of `node:fs`. */
export interface FileSystem {
  statSync(path: string): { readonly ino: number; readonly dev: number };
  watch(path: string, options: { persistent: boolean }, listener: () => void): {
    on(event: "error", listener: () => void): unknown;
    close(): void;
  };
}

/** An open connection. */
export interface Session {
  readonly database: SqliteDatabase;
  readonly statements: Map<string, SqliteStatement>;
  /** Which file it is. */
  readonly file: string;
}

export interface LinkOptions {
  readonly name: string;
  readonly source: Source;
  readonly durability: Durability;
  readonly clock: Clock;
  /** Makes the tables, if they are not there. */
  readonly setUp: (link: Link) => void;
}

export class Link {
  readonly name: string;
  readonly path: string;
  readonly #options: LinkOptions;
  readonly #retry: Retry;
  #session: Session | undefined;
  #opening: Promise<void> | undefined;
  #isReady = false;
  #fileSystem: FileSystem | undefined;

  constructor(options: LinkOptions) {
    this.name = options.name;
    this.path = options.source.path;
    this.#options = options;
    this.#retry = { clock: options.clock, name: options.name };
  }

  /** Whether there is a connection, and the tables. */
  get isOpen(): boolean {
    return this.#isReady && this.#session !== undefined;
  }

  /** Names the connection: another one has another. */
  get session(): unknown {
    return this.#session;
  }

  /** What the file system offers, if anything. */
  get fileSystem(): FileSystem | undefined {
    return this.#fileSystem;
  }

  /** Opens the connection, if there is none that is good. Rejects with an explained error. */
  async open(): Promise<void> {
    if (this.isOpen && this.isCurrent()) return;
    this.#opening ??= this.#open().finally(() => this.#opening = undefined);
    await this.#opening;
  }

  async #open(): Promise<void> {
    this.#fileSystem ??= await import("node:fs").then((fs) => fs as unknown as FileSystem, () => undefined);
    await retried(this.#retry, () => {
      try {
        this.#connect();
        if (!this.#isReady) this.#options.setUp(this);
        this.#isReady = true;
      } catch (error) {
        // What is half set up is begun anew.
        if (!isBusy(error)) this.close();
        throw error;
      }
    });
  }

  #connect(): void {
    if (this.#session !== undefined && !this.isCurrent()) this.close();
    if (this.#session !== undefined) return;
    const database = this.#options.source.open();
    try {
      this.#session = { database, statements: new Map(), file: this.#fileAt() };
      this.exec("PRAGMA busy_timeout = 0");
      const mode = this.get<{ journal_mode: string }>("PRAGMA journal_mode");
      // Once set the file keeps it.
      if (mode?.journal_mode !== "wal") {
        const now = this.get<{ journal_mode: string }>("PRAGMA journal_mode = WAL");
        if (now?.journal_mode !== "wal") {
          throw unavailable(
            this.name,
            "the database does not take the journal mode WAL, which needs a local disk",
          );
        }
      }
      this.exec(`PRAGMA synchronous = ${this.#options.durability === "full" ? "FULL" : "NORMAL"}`);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Whether the connection's file is the one that lies at the path. */
  isCurrent(): boolean {
    return this.#session !== undefined && this.#session.file === this.#fileAt();
  }

  #fileAt(): string {
    if (this.#fileSystem === undefined) return "";
    try {
      const { ino, dev } = this.#fileSystem.statSync(this.path);
      return `${dev}:${ino}`;
    } catch {
      return "none";
    }
  }

  /**
   * Does something over the connection, which must be open. Throws explained errors, but for one: that of a lock that is
   * held, which is worth another attempt.
   */
  run<T>(work: () => T): T {
    if (!this.isOpen) throw unavailable(this.name, "the connection was closed");
    if (!this.isCurrent()) {
      this.close();
      throw unavailable(this.name, "the file was replaced or removed, and is opened anew");
    }
    try {
      return work();
    } catch (error) {
      if (isBusy(error)) throw error;
      // The next who opens it makes them.
      if (isMissing(error)) this.#isReady = false;
      throw explain(this.name, error);
    }
  }

  /** Does something as `run()` does, and again and again while a lock is held. */
  async ask<T>(work: () => T): Promise<T> {
    return await retried(this.#retry, () => this.run(work));
  }

  /** Does something within a transaction that writes, or nothing of it. */
  write<T>(work: () => T): T {
    return this.#transaction("BEGIN IMMEDIATE", work);
  }

  /** Reads several times from the same state of the database. */
  snapshot<T>(work: () => T): T {
    return this.#transaction("BEGIN", work);
  }

  #transaction<T>(begin: string, work: () => T): T {
    this.exec(begin);
    try {
      const result = work();
      this.exec("COMMIT");
      return result;
    } catch (error) {
      try {
        this.exec("ROLLBACK");
      } catch {
        // SQLite has rolled it back already.
      }
      throw error;
    }
  }

  exec(sql: string): void {
    this.#needed.database.exec(sql);
  }

  all<Row>(sql: string, ...values: SqliteValue[]): Row[] {
    return this.#prepared(sql).all(...values) as Row[];
  }

  get<Row>(sql: string, ...values: SqliteValue[]): Row | undefined {
    // Not get(): some drivers leave a statement open whose rows were not all read, and with it a transaction.
    return this.#prepared(sql).all(...values)[0] as Row | undefined;
  }

  /** Runs a statement, and says how many rows it changed. */
  change(sql: string, ...values: SqliteValue[]): number {
    return Number((this.#prepared(sql).run(...values) as { changes: number | bigint }).changes);
  }

  /** Runs a statement that inserts a row, and gives the row's number. */
  insert(sql: string, ...values: SqliteValue[]): number {
    return Number(
      (this.#prepared(sql).run(...values) as { lastInsertRowid: number | bigint }).lastInsertRowid,
    );
  }

  /** Lets go of the connection. */
  close(): void {
    const session = this.#session;
    this.#session = undefined;
    this.#isReady = false;
    try {
      session?.database.close();
    } catch {
      // It was closed already.
    }
  }

  get #needed(): Session {
    if (this.#session === undefined) throw unavailable(this.name, "the connection was closed");
    return this.#session;
  }

  #prepared(sql: string): SqliteStatement {
    const { database, statements } = this.#needed;
    let statement = statements.get(sql);
    if (statement === undefined) statements.set(sql, statement = database.prepare(sql));
    return statement;
  }
}
