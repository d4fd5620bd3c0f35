/** Keeps events in the file that `DATA` names, so that they outlive the program; without it they stay in memory. */

import type { Backplane } from "tidings";
import { sqliteLog } from "tidings/sqlite";
import { data } from "./data.ts";

/** Options of a Broadcaster whose events lie in a table of that file, if there is one. */
export function kept(table: string): { readonly backplane?: Backplane } {
  return data === undefined ? {} : { backplane: sqliteLog(data, { table }) };
}
