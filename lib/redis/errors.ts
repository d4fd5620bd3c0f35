/**
 * Explains what went wrong in Redis, and what to do.
 *
 * @module
 */

import { TidingsError } from "../base/errors.ts";

/** Redis' errors begin with a word in capitals. What is listed as permanent will not mend by trying again. */
const REMEDIES: Record<string, { permanent?: boolean; text: string }> = {
  WRONGTYPE: {
    permanent: true,
    text: 'the key holds something else than a stream. Give the option "stream" another name',
  },
  NOAUTH: {
    permanent: true,
    text: "the server asks for a password. Give it to the client that is handed over",
  },
  WRONGPASS: {
    permanent: true,
    text: "the user name or the password is wrong. Correct it where the client is made",
  },
  NOPERM: {
    permanent: true,
    text: "the user may not do this. It needs the key, and +xadd +xrange +xrevrange +xread: see ACL SETUSER",
  },
  MOVED: {
    permanent: true,
    text: "the key lives on another node of a cluster. Hand over a client for that node",
  },
  READONLY: {
    text:
      "the server is a replica, which takes no writes. After a failover this passes; else connect to the primary",
  },
  OOM: {
    text:
      "the server is out of memory and takes no writes. Give it more (maxmemory), or keep less (maxEvents, maxAge)",
  },
  MISCONF: { text: "the server cannot save to its disk and takes no writes. See its log" },
  LOADING: { text: "the server is still loading its data. This passes" },
};

/** Errors without a word of their own that come of a server that is too old, or is not Redis. */
const UNSUPPORTED = /unknown command|syntax error|wrong number of arguments|invalid stream id/i;

/** Whether an error is what Redis answered, or answered with this word, and not one of the connection. */
export function wasAnswered(error: unknown, word = "[A-Z]+"): boolean {
  return new RegExp(`^-?${word} `).test(words(error));
}

/** Makes an error of a client's, which names neither the stream nor a remedy, into one that does. */
export function explain(stream: string, error: unknown): TidingsError {
  const said = words(error);
  const code = /^-?([A-Z]+)\b/.exec(said)?.[1] ?? "";
  const known = Object.hasOwn(REMEDIES, code) ? REMEDIES[code] : undefined;
  if (known !== undefined) {
    return made(`${stream}: ${known.text}. Redis said: ${said}`, error, known.permanent);
  }
  if (error instanceof TidingsError) {
    return made(`${stream}: ${said}`, error, "permanent" in error && error.permanent === true);
  }
  if (UNSUPPORTED.test(said)) {
    return made(`${stream}: the server must be Redis 6.2 or later, or Valkey. It said: ${said}`, error, true);
  }
  if (wasAnswered(error)) return made(`${stream}: Redis refused. It said: ${said}`, error);
  return made(`${stream} cannot be reached: ${said}`, error);
}

function made(message: string, cause: unknown, permanent = false): TidingsError {
  const code = permanent ? "backplane-refused" : "backplane-unavailable";
  const error = new TidingsError(code, message, { cause });
  return permanent ? Object.assign(error, { permanent }) : error;
}

/** An error's message. Where there is none, as in a time-out of node-redis, the kind of error says something. */
function words(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ("code" in error ? String(error.code) : error.constructor.name);
}
