/**
 * Explains what went wrong in Redis, and what to do.
 *
 * @module
 */

import { engineError, isPermanent, saidBy } from "../base/engine_errors.ts";
import { TidingsError } from "../base/errors.ts";

/** What an explanation says about the one whose error it is. */
export interface Advice {
  /** What it keeps at a key: "a stream". */
  readonly holds: string;
  /** The option that names its keys. */
  readonly option: string;
  /** What a user needs besides the right to connect, in the words of ACL SETUSER. */
  readonly rights: string;
  /** The options that say how much is kept. */
  readonly bounds: string;
  /** Which servers will do. */
  readonly servers: string;
}

interface Remedy {
  /** It will not mend by trying again. */
  readonly permanent?: boolean;
  readonly text: string | ((advice: Advice) => string);
}

/** Which servers will do, as a rule. */
export const SERVERS = "Redis 6.2 or later, or Valkey";

const HAND_OVER = "Hand over a client for the cluster: `Cluster` of ioredis, or `createCluster()` of redis";

/** Redis' errors begin with a word in capitals. */
const REMEDIES: Record<string, Remedy> = {
  WRONGTYPE: {
    permanent: true,
    text: ({ holds, option }) =>
      `the key holds something else than ${holds}. Give the option "${option}" another name`,
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
    text: ({ rights }) => `the user may not do this. It needs ${rights}: see ACL SETUSER`,
  },
  MOVED: {
    permanent: true,
    text: `the key lives on another node of a cluster. ${HAND_OVER}`,
  },
  CROSSSLOT: {
    permanent: true,
    text: `the server is a node of a cluster, where one step cannot touch all keys. ${HAND_OVER}`,
  },
  TRYAGAIN: { text: "the slot of the keys is being moved to another node of the cluster. This passes" },
  CLUSTERDOWN: { text: "a part of the cluster is down, until a replica takes over. See CLUSTER INFO" },
  READONLY: {
    text:
      "the server is a replica, which takes no writes. After a failover this passes; else connect to the primary",
  },
  OOM: {
    text: ({ bounds }) =>
      `the server is out of memory and takes no writes. Give it more (maxmemory), or keep less (${bounds})`,
  },
  MISCONF: { text: "the server cannot save to its disk and takes no writes. See its log" },
  LOADING: { text: "the server is still loading its data. This passes" },
};

/** Errors without a word of their own that come of a server that is too old, or is not Redis. */
const UNSUPPORTED = /unknown (redis )?command|syntax error|wrong number of arguments|invalid stream id/i;

/** Before 7.0 an error inside a script comes wrapped: `ERR Error running script (call to f_…): … -OOM command not…`. */
const IN_SCRIPT = /^-?ERR Error running script.*?: -?([A-Z]+) /;
/** How 6.2 says NOPERM there. */
const MAY_NOT_IN_SCRIPT = /user executing the script can't/;

/** The word in capitals with which Redis' answer begins, or nothing if it is none of Redis'. */
function codeOf(said: string): string | undefined {
  if (MAY_NOT_IN_SCRIPT.test(said)) return "NOPERM";
  return (IN_SCRIPT.exec(said) ?? /^-?([A-Z]+) /.exec(said))?.[1];
}

/** Whether an error is what Redis answered, or answered with this word, and not one of the connection. */
export function wasAnswered(error: unknown, word?: string): boolean {
  const code = codeOf(saidBy(error));
  return code !== undefined && (word === undefined || code === word);
}

/** Makes an error of a client's, which names neither the stream nor a remedy, into one that does. */
export function explain(name: string, error: unknown, advice: Advice): TidingsError {
  const said = saidBy(error);
  const code = codeOf(said) ?? "";
  const known = Object.hasOwn(REMEDIES, code) ? REMEDIES[code] : undefined;
  if (known !== undefined) {
    const text = typeof known.text === "string" ? known.text : known.text(advice);
    return engineError(`${name}: ${text}. Redis said: ${said}`, error, known.permanent);
  }
  if (error instanceof TidingsError) {
    return engineError(`${name}: ${said}`, error, isPermanent(error));
  }
  if (UNSUPPORTED.test(said)) {
    return engineError(
      `${name}: the server must be ${advice.servers}. It said: ${said}`,
      error,
      true,
    );
  }
  if (wasAnswered(error)) return engineError(`${name}: Redis refused. It said: ${said}`, error);
  return engineError(`${name} cannot be reached: ${said}`, error);
}
