/**
 * Checks what the log and the store have for options in common.
 *
 * @module
 */

import { wrongOption } from "../base/options.ts";
import type { Durability } from "./link.ts";

const TABLE = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;

/** The name of a table, which is put into statements as it is. */
export function tableOption(value: string): string {
  if (typeof value === "string" && TABLE.test(value) && !/^sqlite_/i.test(value)) return value;
  throw wrongOption(
    "table",
    'a name of letters, digits and "_", at most 63, that does not begin with a digit',
    value,
  );
}

export function durabilityOption(value: Durability): Durability {
  if (value === "full" || value === "normal") return value;
  throw wrongOption("durability", '"full" or "normal"', value);
}
