/**
 * Makes what is needed in the database, if that was asked for and it is missing.
 *
 * @module
 */

import type { PostgresConnector } from "./connection.ts";
import { postgresMigration, type PostgresMigrationOptions, presentQuery } from "./migration.ts";

/** Looks once, and makes what is missing; after a failure another call looks again. */
export class Migrator {
  readonly #connector: PostgresConnector;
  readonly #wanted: PostgresMigrationOptions | undefined;
  readonly #tables: readonly string[];
  #done: Promise<void> | undefined;

  /** @param wanted What is made; nothing, if somebody else sees to it. */
  constructor(
    connector: PostgresConnector,
    wanted: PostgresMigrationOptions | undefined,
    tables: readonly string[],
  ) {
    this.#connector = connector;
    this.#wanted = wanted;
    this.#tables = tables;
  }

  /** Resolves when all is there. */
  ready(): Promise<void> {
    if (this.#wanted === undefined) return Promise.resolve();
    this.#done ??= this.#run(this.#wanted).catch((error) => {
      this.#done = undefined;
      throw error;
    });
    return this.#done;
  }

  async #run(wanted: PostgresMigrationOptions): Promise<void> {
    const connection = await this.#connector.open();
    try {
      const [row] = await connection.query(presentQuery(this.#tables), []);
      if (row?.present !== true) await connection.query(postgresMigration(wanted), []);
    } finally {
      connection.close();
    }
  }
}
