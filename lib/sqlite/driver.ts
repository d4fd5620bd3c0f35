/**
 * Recognises the databases of the libraries that people have, and opens more connections to the same file by the same
 * library: two copies of SQLite in one process would undo each other's locks.
 *
 * @module
 */

import { errorText, show } from "../base/errors.ts";

/** A value that is bound to a statement. */
export type SqliteValue = string | number | Uint8Array | null;

/** What is used of a prepared statement. */
export interface SqliteStatement {
  /** Runs it, and gives all rows. */
  all(...values: SqliteValue[]): unknown[];
  /** Runs it, and gives what it changed. */
  run(...values: SqliteValue[]): unknown;
}

/**
 * What is used of a database: of `node:sqlite` (`new DatabaseSync(path)`), of `bun:sqlite` (`new Database(path)`), of
 * `better-sqlite3` (`new Database(path)`), or of another library that has the same methods.
 */
export interface SqliteDatabase {
  /** Prepares one statement. */
  prepare(sql: string): SqliteStatement;
  /** Runs statements. */
  exec(sql: string): unknown;
  /** Closes the connection. */
  close(): unknown;
}

/** A file, and what opens connections to it. */
export interface Source {
  readonly path: string;
  open(): SqliteDatabase;
}

type Constructor = new (path: string) => SqliteDatabase;

interface Process {
  readonly version?: string;
  cwd?(): string;
  getBuiltinModule?(name: string): unknown;
}

/** Finds out which file is meant, and what opens it. */
export function sourceOf(caller: string, given: string | SqliteDatabase): Source {
  if (typeof given === "string") {
    checkPath(caller, given, given);
    const Builtin = builtin(caller);
    const path = absolute(given);
    return { path, open: () => new Builtin(path) };
  }
  const path = isDatabase(given) ? fileOf(given) : undefined;
  if (path === undefined) {
    throw new TypeError(
      `${caller}() takes the path of a file, or an open database of node:sqlite, bun:sqlite or better-sqlite3, received ${
        show(given)
      }`,
    );
  }
  checkPath(caller, path, given);
  const { constructor } = given;
  return { path, open: () => new (constructor as Constructor)(path) };
}

/** Whether it has the methods of a database. */
export function isDatabase(value: unknown): value is SqliteDatabase {
  if (typeof value !== "object" || value === null) return false;
  return ["prepare", "exec", "close"].every((name) =>
    typeof (value as Record<string, unknown>)[name] === "function"
  );
}

/** The path of a database's file: empty for one in memory, nothing if it does not answer as one of the libraries does. */
export function fileOf(database: SqliteDatabase): string | undefined {
  let rows: unknown;
  try {
    rows = database.prepare("PRAGMA database_list").all();
  } catch (cause) {
    throw new TypeError(`The database cannot be used: ${errorText(cause)}`, { cause });
  }
  if (!Array.isArray(rows)) return undefined;
  const main = (rows as { name?: unknown; file?: unknown }[]).find(({ name }) => name === "main");
  return main === undefined ? undefined : String(main.file ?? "");
}

function checkPath(caller: string, path: string, given: unknown): void {
  if (path !== "" && path !== ":memory:" && !path.startsWith("file:")) return;
  throw new TypeError(
    `${caller}() needs a file, by its plain path, which several connections can open, received ${
      show(given)
    }. ` +
      "What need not outlive the process needs no database: leave it out",
  );
}

/** The path as it is now: a connection is opened once more when the program may be in another folder. */
function absolute(path: string): string {
  if (/^([A-Za-z]:)?[\\/]/.test(path)) return path;
  const { process } = globalThis as { process?: Process };
  const folder = process?.cwd?.();
  return folder === undefined ? path : `${folder}/${path}`;
}

/** The runtime's own library. */
function builtin(caller: string): Constructor {
  const found = (builtinModule("node:sqlite") as { DatabaseSync?: Constructor } | undefined)?.DatabaseSync ??
    (builtinModule("bun:sqlite") as { Database?: Constructor } | undefined)?.Database;
  if (found !== undefined) return found;
  const { process } = globalThis as { process?: Process };
  throw new TypeError(
    `${caller}() was given a path, and this runtime (${
      process?.version ?? "unknown"
    }) has no node:sqlite, which comes ` +
      "with Node 22.13. Hand over an open database instead, new Database(path): of libsql, or of better-sqlite3, " +
      "which runs on Node 20 up to its version 12",
  );
}

/** A module of the runtime's, if it has it, without an import that fails where it has not. */
export function builtinModule(name: string): unknown {
  const { process } = globalThis as { process?: Process };
  try {
    return process?.getBuiltinModule?.(name);
  } catch {
    return undefined;
  }
}
