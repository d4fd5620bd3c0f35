/**
 * Joins processes over Postgres, from 12 on: {@linkcode postgresLog} makes a table the log of Broadcasters, into which an event
 * can be published in the transaction that changes what it tells of, and {@linkcode postgresStore} keeps the streams of
 * `tidings/resumable`.
 *
 * @module
 */
export type { Backplane, BackplaneEntry, BackplaneMessage, BackplaneReader } from "../cluster/backplane.ts";
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export type { PgPool, PostgresClient, PostgresSql } from "./clients.ts";
export type { PostgresConnection, PostgresConnector, PostgresRow, PostgresSubscriber } from "./connection.ts";
export { type PostgresLog, postgresLog, type PostgresLogOptions } from "./log.ts";
export { postgresMigration, type PostgresMigrationOptions } from "./migration.ts";
export { postgresStore, type PostgresStoreOptions } from "./store.ts";
export type { PgTransaction, PostgresTransaction, SqlTransaction } from "./transaction.ts";
export type { PublishableEvent } from "../cluster/payload.ts";
export type {
  Appended,
  EndState,
  Ownership,
  StreamBatch,
  StreamEnding,
  StreamHead,
  StreamPage,
  StreamRecord,
  StreamStore,
  StreamWatcher,
} from "../store/store.ts";
