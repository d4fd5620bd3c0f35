/**
 * Makes what is needed in the database, if that was asked for and it is missing.
 *
 * @module
 */

import type { PostgresConnection } from "./connection.ts";
import { postgresMigration, type PostgresMigrationOptions, presentQuery } from "./migration.ts";

/** Looks over each new connection: it may lead to another database than the last, one that was restored for instance. */
export class Migrator {
  readonly #wanted: PostgresMigrationOptions | undefined;
  readonly #tables: readonly string[];

  /** @param wanted What is made; nothing, if somebody else sees to it. */
  constructor(wanted: PostgresMigrationOptions | undefined, tables: readonly string[]) {
    this.#wanted = wanted;
    this.#tables = tables;
  }

  /** Whether what is missing is made. */
  get isActive(): boolean {
    return this.#wanted !== undefined;
  }

  /** Resolves when all is there. */
  async prepare(connection: PostgresConnection): Promise<void> {
    if (this.#wanted === undefined) return;
    const [row] = await connection.query(presentQuery(this.#tables), []);
    if (row?.present !== true) await connection.query(postgresMigration(this.#wanted), []);
  }
}
