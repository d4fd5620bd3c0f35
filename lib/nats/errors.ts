/**
 * Explains what JetStream and its client answer, in words that say what to do.
 *
 * @module
 */

import { engineError } from "../base/engine_errors.ts";
import { TidingsError } from "../base/errors.ts";

/** JetStream's own error codes, as far as one is treated apart. */
export const CODE = {
  streamNotFound: 10059,
  streamExists: 10058,
  subjectsOverlap: 10065,
  wrongLastSequence: 10071,
} as const;

// Those that trying again does not mend, with what does.
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [10002, "its account has no more storage: raise the account's limit, or lower maxEvents or maxBytes"],
  [10023, "the server has no resources left: raise its limits, or lower maxEvents or maxBytes"],
  [10025, "the stream's limits are more than the account allows: lower maxBytes or maxEvents"],
  [10028, "its account has no more memory: raise the account's limit, or lower maxEvents or maxBytes"],
  [10035, "JetStream is not enabled for this account"],
  [10039, "JetStream is not enabled for this account"],
  [10047, "the server has no more storage: raise its limit, or lower maxEvents or maxBytes"],
  [10052, "the server does not accept these limits"],
  [10054, "the message is larger than the stream takes: send less, or raise its max_msg_size"],
  [10060, "the subject belongs to another stream: choose another subject"],
  [CODE.subjectsOverlap, "the subject belongs to another stream: choose another subject"],
  [10074, "this server is not part of a cluster: set replicas to 1"],
  [10076, "JetStream is disabled on this server"],
  [10077, "the stream is full and set up to refuse new messages: set its discard policy to old"],
]);

/** JetStream's code of an error, if it has one. */
export function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === "number" ? code : undefined;
}

/** An error that trying again does not mend. */
export function refused(name: string, what: string, cause?: unknown): TidingsError {
  return engineError(`${name}: ${what}`, cause, true);
}

/** An error that trying again may mend. */
export function unavailable(name: string, what: string, cause?: unknown): TidingsError {
  return engineError(`${name}: ${what}`, cause);
}

/** The client has given up, or was closed. */
export function closedForGood(name: string, cause?: unknown): TidingsError {
  const remedy = "connect with maxReconnectAttempts: -1, so that the client goes on trying";
  return refused(name, `the connection to NATS is closed for good; ${remedy}`, cause);
}

/** Turns whatever the client threw into an error that names the stream. */
export function explain(name: string, cause: unknown): TidingsError {
  if (cause instanceof TidingsError) return cause;
  const { name: kind = "", message = String(cause) } = cause instanceof Error ? cause : {};
  const refusal = REFUSALS.get(codeOf(cause) ?? 0);
  if (refusal !== undefined) return refused(name, `${message}; ${refusal}`, cause);
  // Of the client's errors only the name tells: their classes are the user's, and are not imported.
  const inner = kind === "RequestError" ? (cause as Error).cause : undefined;
  switch (inner instanceof Error ? inner.name : kind) {
    case "ClosedConnectionError":
    case "DrainingConnectionError":
      return closedForGood(name, cause);
    case "PermissionViolationError":
      return refused(name, `${message}; grant it to this user`, cause);
    case "AuthorizationError":
    case "UserAuthenticationExpiredError":
      return refused(name, `${message}; connect with the user and password that the server knows`, cause);
    case "InvalidArgumentError":
      return refused(name, `${message}; the server's max_payload bounds a message`, cause);
    case "JetStreamNotEnabled":
      return unavailable(
        name,
        "nobody answers: JetStream is not enabled, is starting, or the stream has no leader",
        cause,
      );
    case "TimeoutError":
      return unavailable(name, "no answer in time: NATS cannot be reached, or is frozen", cause);
    default:
      return unavailable(name, message, cause);
  }
}
