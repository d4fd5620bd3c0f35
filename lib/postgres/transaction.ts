/**
 * Recognises the transaction of a user's, and runs a statement in it.
 *
 * @module
 */

import { show } from "../base/errors.ts";
import { has } from "./clients.ts";

/** A client of `pg`'s that runs a transaction: what `pool.connect()` gives, or `new pg.Client()`. */
export interface PgTransaction {
  /** Runs a statement. */
  // deno-lint-ignore no-explicit-any -- its overloads are told apart by no simpler type
  query: any;
  /** Not a pool. */
  readonly totalCount?: undefined;
}

/** What `sql.begin()` of `postgres` or Bun calls with, or `sql.reserve()` gives. */
export interface SqlTransaction {
  /** Runs a statement. */
  // deno-lint-ignore no-explicit-any -- each library has types of its own for values and rows
  unsafe(text: string, values?: any[]): PromiseLike<any>;
}

/** A transaction, in the words of one of the three known libraries. */
export type PostgresTransaction = PgTransaction | SqlTransaction;

/** Runs a statement in a transaction. */
export async function runIn(tx: PostgresTransaction, text: string, values: string[]): Promise<void> {
  if ((typeof tx === "object" || typeof tx === "function") && tx !== null) {
    if (has(tx, "unsafe") && (has(tx, "savepoint") || has(tx, "release"))) {
      await (tx as SqlTransaction).unsafe(text, values);
      return;
    }
    if (!has(tx, "unsafe") && has(tx, "query") && !("totalCount" in tx)) {
      await (tx as PgTransaction).query(text, values);
      return;
    }
  }
  throw new TypeError(
    "publishIn() takes the client that runs the transaction: of pg what pool.connect() gives, of postgres and Bun what " +
      `sql.begin() calls with. A pool runs each statement on any of its connections. Received ${show(tx)}`,
  );
}
