/**
 * Says what the JetStream stream of a store must be, and checks one that exists.
 *
 * @module
 */

import { refused } from "./errors.ts";
import type { JetStreamStoreSettings } from "./store_options.ts";
import type { StoreSubjects } from "./store_subjects.ts";
import { covers } from "./stream.ts";
import type { StreamConfigLike, StreamInfoLike } from "./types.ts";

/** In a millisecond. */
export const NANOSECONDS = 1_000_000;

/** The configuration with which the stream is made. */
export function configOf(
  { stream, maxAge, maxBytes, replicas, storage }: JetStreamStoreSettings,
  { all, told }: StoreSubjects,
): { name: string } & StreamConfigLike {
  return {
    name: stream,
    subjects: [all],
    retention: "limits",
    storage,
    discard: "old",
    max_msgs: -1,
    max_bytes: maxBytes === Infinity ? -1 : maxBytes,
    max_age: maxAge * NANOSECONDS,
    num_replicas: replicas,
    duplicate_window: Math.min(maxAge, 120_000) * NANOSECONDS,
    republish: { src: all, dest: told },
  };
}

/**
 * Refuses a stream in which events would get lost, stay for ever, or be told though they were never stored.
 *
 * @throws {TidingsError} `"backplane-refused"`, with the command that makes one.
 */
export function checkFit(
  name: string,
  { config }: StreamInfoLike,
  { stream, maxAge }: JetStreamStoreSettings,
  { all, told }: StoreSubjects,
): void {
  const { retention, subjects = [], republish, max_age = 0, max_msgs_per_subject = -1 } = config;
  const wrong = retention !== "limits"
    ? `it has the retention policy ${retention}, not limits`
    : !subjects.some((each) => covers(each, all))
    ? `it does not take the subject ${all}, only ${subjects.join(", ")}`
    : republish?.dest !== told || !covers(republish.src, all)
    ? `it does not republish ${all} to ${told}`
    : max_age === 0
    ? "it has no max_age, so that what a killed process leaves behind would stay for ever"
    : max_msgs_per_subject > 0
    ? `it keeps only ${max_msgs_per_subject} messages of each subject`
    : config.deny_delete || config.deny_purge
    ? "it denies deletes or purges"
    : undefined;
  if (wrong === undefined) return;
  throw refused(
    name,
    `${wrong}; choose another stream, which is made by itself, or delete this one and run: nats stream add ${stream} ` +
      `--subjects='${all}' --republish-source='${all}' --republish-destination='${told}' ` +
      `--max-age=${Math.ceil(maxAge / 1_000)}s --defaults`,
  );
}

/**
 * Refuses replicas on servers that are too old: up to 2.10 the leader compares with what it has applied and not with what it
 * has proposed, so of several who append to one subject at the same time more than one may succeed.
 *
 * @throws {TidingsError} `"backplane-refused"`
 */
export function checkServer(name: string, { config }: StreamInfoLike, version = "0.0"): void {
  const { num_replicas = 1 } = config;
  if (num_replicas === 1) return;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 2 || (major === 2 && minor >= 11)) return;
  throw refused(
    name,
    `it has ${num_replicas} replicas, and NATS ${version} does not keep several who write at the same time apart there: ` +
      "use server 2.11 or later, or set replicas to 1, and edit a stream that exists with --replicas=1",
  );
}
