/**
 * Finds the SQLite libraries of the running runtime, and makes database files of one's own for tests.
 *
 * @module
 */

import { mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { SqliteDatabase } from "../../lib/sqlite/mod.ts";

/** A library. */
export interface SqliteKind {
  readonly name: string;
  /** Whether a path alone opens it. */
  readonly isBuiltin: boolean;
  open(path: string): SqliteDatabase;
}

type Make = new (path: string) => SqliteDatabase;

const require = createRequire(import.meta.url);
const node = "Bun" in globalThis || "Deno" in globalThis ? 0 : Number(process.versions.node.split(".")[0]);

function find(module: string, name: string | undefined): Make | undefined {
  try {
    const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => unknown };
    const found = name === undefined ? require(module) : getBuiltinModule?.(module);
    return (name === undefined ? found : (found as Record<string, unknown> | undefined)?.[name]) as
      | Make
      | undefined;
  } catch {
    return undefined;
  }
}

const libraries: readonly [string, Make | undefined][] = [
  ["node:sqlite", find("node:sqlite", "DatabaseSync")],
  ["bun:sqlite", find("bun:sqlite", "Database")],
  // Its binary for version 13 ends older Nodes with a segmentation fault.
  ["better-sqlite3", node >= 22 ? find("better-sqlite3", undefined) : undefined],
  // The methods of better-sqlite3, and a binary for each Node.
  ["libsql", node > 0 ? find("libsql", undefined) : undefined],
];

/** Those that are here. */
export const sqliteKinds: readonly SqliteKind[] = libraries.flatMap(([name, Make]) =>
  Make === undefined
    ? []
    : [{ name, isBuiltin: name === "node:sqlite", open: (path: string) => new Make(path) }]
);

/** A library of this runtime, for tests to which all are the same. */
export const sqlite: SqliteKind = sqliteKinds[0]!;

/** A folder with a database of its own. */
export class SqliteFile {
  readonly path: string;
  readonly kind: SqliteKind;
  readonly #folder: string;
  #admin: SqliteDatabase | undefined;

  constructor(kind: SqliteKind = sqlite) {
    this.kind = kind;
    this.#folder = mkdtempSync(join(tmpdir(), "tidings-sqlite-"));
    this.path = join(this.#folder, "events.db");
  }

  /** What a log or a store is given: a path where that will do, or else a database. */
  get given(): string | SqliteDatabase {
    if (this.kind.isBuiltin) return this.path;
    return this.database();
  }

  /** A connection of the test's own. */
  database(): SqliteDatabase {
    return this.kind.open(this.path);
  }

  /** Runs a statement as somebody else. */
  run(sql: string): void {
    this.#admin ??= this.database();
    this.#admin.exec(`PRAGMA busy_timeout = 5000; ${sql}`);
  }

  /** Reads as somebody else. */
  all<Row>(sql: string): Row[] {
    this.#admin ??= this.database();
    return this.#admin.prepare(sql).all() as Row[];
  }

  /** Lets go of the connection of the two above. */
  leave(): void {
    this.#admin?.close();
    this.#admin = undefined;
  }

  /** Writes a copy of the database as it is now. */
  backUp(name = "backup.db"): string {
    const path = join(this.#folder, name);
    rmSync(path, { force: true });
    this.run(`VACUUM INTO '${path}'`);
    return path;
  }

  /** Puts a copy in the database's place, as one does by hand, while others may have it open. */
  putBack(copy: string): void {
    this.leave();
    for (const rest of ["-wal", "-shm"]) rmSync(`${this.path}${rest}`, { force: true });
    renameSync(copy, this.path);
  }

  /** How many descriptors of the file this process has open; none are counted where that is not told. */
  descriptors(): number {
    const folder = "/proc/self/fd";
    try {
      return readdirSync(folder).filter((each) => {
        try {
          return readlinkSync(join(folder, each)) === this.path;
        } catch {
          return false;
        }
      }).length;
    } catch {
      return 0;
    }
  }

  remove(): void {
    this.leave();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
