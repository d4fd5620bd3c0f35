/** Finds the file that `DATA` names, in which examples keep what is to outlive the program, and a library that opens it. */

import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import process from "node:process";
import { type SqliteDatabase, sqliteLog } from "tidings/sqlite";
import { stop } from "./settings.ts";

/** What `sqliteLog()` and `sqliteStore()` take, or nothing without `DATA`: all stays in memory then. */
export const data: string | SqliteDatabase | undefined = databaseAt(process.env["DATA"]);

function databaseAt(path: string | undefined): string | SqliteDatabase | undefined {
  if (!path) return undefined;
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch {
    stop(
      `DATA must be a file in a folder that can be written, received ${JSON.stringify(path)}: ` +
        "make the folder, or write DATA=./tidings.db",
    );
  }
  try {
    // A path will do where the runtime has SQLite itself: Bun, Deno, Node from 22.13 on.
    const hasOwn = "Bun" in globalThis || "Deno" in globalThis ||
      process.getBuiltinModule?.("node:sqlite") !== undefined;
    const database = hasOwn ? path : open(path);
    sqliteLog(database); // says what is wrong with it
    return database;
  } catch (error) {
    stop(`DATA: ${error instanceof Error ? error.message : error}`);
  }
}

/** With npm's `libsql`, which has a binary for every Node. */
function open(path: string): SqliteDatabase {
  const Database = createRequire(import.meta.url)("libsql") as new (path: string) => SqliteDatabase;
  return new Database(path);
}
