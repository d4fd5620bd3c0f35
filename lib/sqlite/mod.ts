/**
 * Keeps events in an SQLite database, which outlive the process without a server to run: {@linkcode sqliteLog} makes a table
 * the log of Broadcasters of one machine, and {@linkcode sqliteStore} keeps the streams of `tidings/resumable`.
 *
 * @module
 */
export type { Backplane, BackplaneEntry, BackplaneMessage, BackplaneReader } from "../cluster/backplane.ts";
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export type { SqliteDatabase, SqliteStatement, SqliteValue } from "./driver.ts";
export type { Durability } from "./link.ts";
export { type SqliteLog, sqliteLog, type SqliteLogOptions } from "./log.ts";
export { sqliteStore, type SqliteStoreOptions } from "./store.ts";
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
