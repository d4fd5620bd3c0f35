/**
 * Defines and checks the options of {@linkcode jetStreamStore}.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { checkNames, clockOption, namesOf, numberOption, wrongOption } from "../base/options.ts";

/** Options of {@linkcode jetStreamStore}. */
export interface JetStreamStoreOptions {
  /** The name of the JetStream stream. It is made if there is none; one that exists must be fit for it. Default: `"tidings-work"`. */
  stream?: string | undefined;
  /** What all its subjects begin with, without wildcards. Default: the stream's name. */
  prefix?: string | undefined;
  /**
   * Milliseconds after which JetStream forgets an event, whatever becomes of its stream, at least 1,000. Make it longer than
   * the longest piece of work and `keep` together: of one that takes longer, the oldest events go first. Default: 86,400,000,
   * a day.
   */
  maxAge?: number | undefined;
  /** Bytes that the JetStream stream keeps; past that the oldest events of all go. Default: `Infinity`. */
  maxBytes?: number | undefined;
  /** How many servers of a cluster hold it, 1 to 5. Default: 1. */
  replicas?: number | undefined;
  /** `"memory"` is lost when the server restarts. Default: `"file"`. */
  storage?: "file" | "memory" | undefined;
  /** Time and chance, for tests. Default: the runtime's own. */
  clock?: Clock | undefined;
}

/** The options, checked, with the defaults filled in. */
export type JetStreamStoreSettings = {
  [Name in keyof JetStreamStoreOptions]-?: NonNullable<JetStreamStoreOptions[Name]>;
};

const OPTIONS = namesOf<JetStreamStoreOptions>({
  stream: true,
  prefix: true,
  maxAge: true,
  maxBytes: true,
  replicas: true,
  storage: true,
  clock: true,
});

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkStoreOptions(options: JetStreamStoreOptions): JetStreamStoreSettings {
  checkNames("jetStreamStore", options, OPTIONS, { subject: "prefix", maxEvents: "maxBytes" });
  const { stream = "tidings-work", prefix = stream, maxAge = 86_400_000, maxBytes = Infinity } = options;
  const { replicas = 1, storage = "file" } = options;
  if (typeof stream !== "string" || !/^[^\s.*>/\\]{1,255}$/.test(stream)) {
    throw wrongOption("stream", "a name without spaces, dots, slashes, * and >", stream);
  }
  if (typeof prefix !== "string" || !/^[^\s.*>$][^\s.*>]*(\.[^\s.*>]+)*$/.test(prefix)) {
    throw wrongOption("prefix", "a subject without spaces and wildcards that does not begin with $", prefix);
  }
  numberOption("maxAge", maxAge, { least: 1_000, unit: "milliseconds" });
  numberOption("maxBytes", maxBytes, { least: 1, unit: "bytes", endless: true });
  numberOption("replicas", replicas, { least: 1, unit: "servers" });
  if (replicas > 5) throw wrongOption("replicas", "5 at most", replicas);
  if (storage !== "file" && storage !== "memory") {
    throw wrongOption("storage", '"file" or "memory"', storage);
  }
  return { stream, prefix, maxAge, maxBytes, replicas, storage, clock: clockOption(options.clock) };
}
