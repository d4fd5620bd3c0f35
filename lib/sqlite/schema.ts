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
