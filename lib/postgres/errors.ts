/**
 * Explains what went wrong in Postgres, and what to do.
 *
 * @module
 */

import { engineError, isPermanent, saidBy } from "../base/engine_errors.ts";
import { TidingsError } from "../base/errors.ts";

interface Remedy {
  /** It will not mend by trying again. */
  readonly permanent?: boolean;
  readonly text: string;
}

const MIGRATE: Remedy = {
  permanent: true,
  text: 'what it needs is not there. Run what postgresMigration() gives, or set the option "migrate"',
};

const REJECTED: Remedy = {
  permanent: true,
  text: "the user name or the password is wrong. Correct it where the client is made",
};

/** By SQLSTATE. */
const REMEDIES: Readonly<Record<string, Remedy>> = {
  "3F000": MIGRATE,
  "42P01": MIGRATE,
  "42883": MIGRATE,
  "42703": MIGRATE,
  "42501": {
    permanent: true,
    text:
      'the role may not do this. It needs the rights that postgresMigration() gives to its option "roles"',
  },
  "28000": REJECTED,
  "28P01": REJECTED,
  "3D000": { permanent: true, text: "there is no such database. Correct its name where the client is made" },
  "22021": { permanent: true, text: "the database must have the encoding UTF8" },
  "22P05": { permanent: true, text: "the database must have the encoding UTF8" },
  "25006": {
    text:
      "the server takes no writes: it is a standby. After a failover this passes; else connect to the primary",
  },
  "53100": { text: "the server's disk is full. Give it more, or keep less (maxEvents, maxAge, keep)" },
  "53300": { text: "the server has no connection left. Raise its max_connections, or open fewer" },
  "55P03": {
    text:
      "another transaction holds the log's lock for long: one that was prepared (PREPARE TRANSACTION) or that made " +
      "constraints immediate. Let it end",
  },
  "57P01": { text: "the server shuts down, or an operator ended the connection. This passes" },
  "57P03": { text: "the server starts or stops. This passes" },
};

/** The SQLSTATE, or nothing if Postgres did not answer. Bun's client has it as `errno`. */
export function stateOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, errno } = error as { code?: unknown; errno?: unknown };
  for (const value of [errno, code]) {
    if (typeof value === "string" && /^[0-9A-Z]{5}$/.test(value) && value !== "EPIPE") return value;
  }
  return undefined;
}

/** Whether the role lacks a right. */
export function isForbidden(error: unknown): boolean {
  return stateOf(error) === "42501";
}

/**
 * Makes an error of a client's, which names neither the log nor a remedy, into one that does.
 *
 * @param migrates Whether what is missing is made at the next attempt.
 */
export function explain(name: string, error: unknown, migrates: boolean): TidingsError {
  const said = saidBy(error);
  const known = REMEDIES[stateOf(error) ?? ""];
  if (known === MIGRATE && migrates) {
    return engineError(`${name}: it was dropped, and is made again. Postgres said: ${said}`, error);
  }
  if (known !== undefined) {
    return engineError(`${name}: ${known.text}. Postgres said: ${said}`, error, known.permanent);
  }
  if (error instanceof TidingsError) {
    return engineError(`${name}: ${said}`, error, isPermanent(error));
  }
  if (stateOf(error) !== undefined) return engineError(`${name}: Postgres refused. It said: ${said}`, error);
  return engineError(`${name} cannot be reached: ${said}`, error);
}
