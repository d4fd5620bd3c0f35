/** Opens a file of events by the SQLite that is there: the runtime's own, or npm's `libsql`, which has a binary for every Node. */

import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import process from "node:process";
import { type SqliteDatabase, sqliteLog } from "tidings/sqlite";
import { stop } from "./settings.ts";

/** What `sqliteLog()` and `sqliteStore()` take for the file that the setting `DATA` names. Ends the program if it is of no use. */
export function databaseAt(path: string): string | SqliteDatabase {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch {
    stop(
      `DATA must be a file in a folder that can be written, received ${JSON.stringify(path)}: ` +
        "make the folder, or write DATA=./tidings.db",
    );
  }
  try {
    const database = hasOwn() ? path : open(path);
    sqliteLog(database); // says what is wrong with it
    return database;
  } catch (error) {
    stop(`DATA: ${error instanceof Error ? error.message : error}`);
  }
}

/** Whether the runtime opens a path by itself: Bun, Deno, Node from 22.13 on. */
function hasOwn(): boolean {
  return "Bun" in globalThis || "Deno" in globalThis ||
    process.getBuiltinModule?.("node:sqlite") !== undefined;
}

function open(path: string): SqliteDatabase {
  const Database = createRequire(import.meta.url)("libsql") as new (path: string) => SqliteDatabase;
  return new Database(path);
}
