/** Keeps events in the file that `DATA` names, so that they outlive the program; without it they stay in memory. */

import process from "node:process";
import type { Backplane } from "tidings";
import { sqliteLog } from "tidings/sqlite";
import { stop } from "./settings.ts";

/** Options of a Broadcaster whose events lie in a table of that file, if there is one. */
export function kept(table: string): { readonly backplane?: Backplane } {
  const path = process.env["DATA"];
  if (!path) return {};
  try {
    return { backplane: sqliteLog(path, { table }) };
  } catch (error) {
    stop(`DATA: ${error instanceof Error ? error.message : error}`);
  }
}
