/**
 * Makes the tables of a log.
 *
 * @module
 */

import type { Link } from "./link.ts";

/**
 * The statements that make them. The first number is the time in milliseconds: a table that was dropped and made anew goes on
 * above what it gave before. AUTOINCREMENT keeps numbers from being given again, also when all rows are deleted.
 */
export function logSchema(table: string, now: number): string {
  return `
CREATE TABLE IF NOT EXISTS ${table} (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  message TEXT NOT NULL DEFAULT (lower(hex(randomblob(12)))),
  at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
  payload TEXT
);
CREATE TABLE IF NOT EXISTS ${table}_trimmed (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  id INTEGER NOT NULL,
  message TEXT NOT NULL
);
INSERT INTO sqlite_sequence (name, seq)
  SELECT '${table}', ${
    Math.floor(now)
  } WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '${table}');
`;
}

/** Whether tables by these names are there, so that the lock to make them need not be taken. */
export function hasTables(link: Link, names: readonly string[]): boolean {
  const { many } = link.get<{ many: number }>(
    `SELECT count(*) AS many FROM sqlite_master WHERE type = 'table' AND name IN (${
      names.map((name) => `'${name}'`).join(", ")
    })`,
  )!;
  return Number(many) === names.length;
}

/** The tables of a store whose names begin with `table`. */
export function storeTables(table: string): string[] {
  return ["heads", "frames", "readers", "processes", "changes"].map((each) => `${table}_${each}`);
}

/**
 * The statements that make them. `change` counts the changes of all streams, so that it is quick to see what is new. A life
 * of a stream has a key of its own, so that the frames of an earlier one can go later. What was appended together is one row
 * of frames, by the number of its last.
 */
export function storeSchema(table: string): string {
  return `
CREATE TABLE IF NOT EXISTS ${table}_heads (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  change INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  owner TEXT NOT NULL,
  token TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  started INTEGER NOT NULL,
  ended INTEGER,
  lease_end INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  claims INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS ${table}_heads_change ON ${table}_heads (change);
CREATE INDEX IF NOT EXISTS ${table}_heads_lease ON ${table}_heads (lease_end) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS ${table}_heads_expires ON ${table}_heads (expires);
CREATE TABLE IF NOT EXISTS ${table}_frames (
  stream INTEGER NOT NULL,
  last INTEGER NOT NULL,
  first INTEGER NOT NULL,
  frames TEXT NOT NULL,
  PRIMARY KEY (stream, last)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ${table}_processes (
  process TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ${table}_readers (
  id TEXT NOT NULL,
  process TEXT NOT NULL,
  PRIMARY KEY (id, process)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ${table}_changes (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  newest INTEGER NOT NULL
);
INSERT OR IGNORE INTO ${table}_changes (one, newest) VALUES (1, 0);
`;
}
