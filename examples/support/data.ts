/** Finds the file that `DATA` names, in which examples keep what is to outlive the program. */

import process from "node:process";
import type { SqliteDatabase } from "tidings/sqlite";
import { databaseAt } from "./database.ts";

const { DATA: path } = process.env;

/** What `sqliteLog()` and `sqliteStore()` take, or nothing without `DATA`: all stays in memory then. */
export const data: string | SqliteDatabase | undefined = path ? databaseAt(path) : undefined;
