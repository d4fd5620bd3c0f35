/**
 * Explains what went wrong in SQLite, whichever driver says it, and what to do.
 *
 * @module
 */

import { engineError } from "../base/engine_errors.ts";
import { errorText, TidingsError } from "../base/errors.ts";

/** SQLite's primary result codes, as far as one is treated apart. */
const CODES = {
  SQLITE_PERM: 3,
  SQLITE_BUSY: 5,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_NOTADB: 26,
} as const;

interface Remedy {
  /** It will not mend by trying again. */
  readonly permanent?: boolean;
  readonly text: string;
}

const LOCKED: Remedy = {
  text: "another transaction holds the database. Keep transactions short, and end each by COMMIT or ROLLBACK",
};
const READONLY: Remedy = {
  permanent: true,
  text:
    "the database cannot be written. Let this user write the file and its folder, where SQLite keeps two more files",
};
const DAMAGED: Remedy = {
  permanent: true,
  text: "the file is damaged, or is no SQLite database. Put a backup in its place, or give another path",
};

const REMEDIES: Readonly<Record<number, Remedy>> = {
  [CODES.SQLITE_PERM]: READONLY,
  [CODES.SQLITE_BUSY]: LOCKED,
  [CODES.SQLITE_LOCKED]: LOCKED,
  [CODES.SQLITE_READONLY]: READONLY,
  [CODES.SQLITE_IOERR]: { text: "the file cannot be read or written. See the state of its disk" },
  [CODES.SQLITE_CORRUPT]: DAMAGED,
  [CODES.SQLITE_FULL]: {
    text: "there is no room left, on the disk or by max_page_count. Make room, or keep less",
  },
  [CODES.SQLITE_CANTOPEN]: {
    text: "the file cannot be opened. Make its folder, and let this user write there",
  },
  [CODES.SQLITE_NOTADB]: DAMAGED,
};

/** SQLite's own words, for drivers that give no code. */
const MESSAGES: readonly (readonly [RegExp, number])[] = [
  [/unable to open database file/i, CODES.SQLITE_CANTOPEN],
  [/readonly database/i, CODES.SQLITE_READONLY],
  [/database or disk is full/i, CODES.SQLITE_FULL],
  [/disk I\/O error/i, CODES.SQLITE_IOERR],
  [/file is not a database/i, CODES.SQLITE_NOTADB],
  [/disk image is malformed/i, CODES.SQLITE_CORRUPT],
];

/** SQLite's primary result code of an error, by whichever driver, or nothing if it is none of SQLite's. */
function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  // node:sqlite has `errcode`, bun:sqlite `errno`, better-sqlite3 a name as `code`; each may be an extended one.
  const { errcode, errno, code } = error as { errcode?: unknown; errno?: unknown; code?: unknown };
  if (typeof errcode === "number") return errcode & 0xff;
  if (typeof code === "string") {
    const name = Object.keys(CODES).find((each) => code === each || code.startsWith(`${each}_`));
    if (name !== undefined) return CODES[name as keyof typeof CODES];
  }
  if (typeof errno === "number" && errno > 0) return errno & 0xff;
  // Deno's node:sqlite gives no code where opening fails.
  return MESSAGES.find(([message]) => message.test(error.message))?.[1];
}

/** Whether somebody else holds the lock, so that it is worth trying again soon. */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  if (code === CODES.SQLITE_BUSY || code === CODES.SQLITE_LOCKED) return true;
  return error instanceof Error && /database (table |schema )?is locked/.test(error.message);
}

/** Whether somebody has taken the tables away. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && /no such table|has no column/.test(error.message);
}

/** Whether the failure is of the whole database, and no fault of the statement. */
export function isOfDatabase(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && code in REMEDIES;
}

/** An error that trying again may mend. */
export function unavailable(name: string, what: string, cause?: unknown): TidingsError {
  return engineError(`${name}: ${what}`, cause);
}

/** An error that trying again does not mend. */
export function refused(name: string, what: string, cause?: unknown): TidingsError {
  return engineError(`${name}: ${what}`, cause, true);
}

/** Makes an error of a driver's, which names neither the file nor a remedy, into one that does. */
export function explain(name: string, error: unknown): TidingsError {
  if (error instanceof TidingsError) return error;
  const said = errorText(error);
  const remedy = isBusy(error) ? LOCKED : REMEDIES[codeOf(error) ?? -1];
  if (remedy === undefined) return unavailable(name, said, error);
  const what = `${remedy.text}. SQLite said: ${said}`;
  return remedy.permanent === true ? refused(name, what, error) : unavailable(name, what, error);
}
