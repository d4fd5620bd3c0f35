/**
 * Defines and checks the options of {@linkcode jetStream}.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { checkNames, clockOption, namesOf, numberOption, wrongOption } from "../base/options.ts";

/** Options of {@linkcode jetStream}. */
export interface JetStreamOptions {
  /** The name of the stream. It is made if there is none; one that exists is used as it is, whatever its limits. */
  stream: string;
  /** The subject that is published to, without wildcards; the stream must hold nothing else. Default: the stream's name. */
  subject?: string | undefined;
  /** Events that the stream keeps. Default: 100,000. */
  maxEvents?: number | undefined;
  /** Bytes that the stream keeps, with what JetStream adds to each message. Default: `Infinity`. */
  maxBytes?: number | undefined;
  /** Milliseconds for which the stream keeps a message, at least 100. Default: 3,600,000, an hour. */
  maxAge?: number | undefined;
  /** How many servers of a cluster hold the stream, 1 to 5. Default: 1. */
  replicas?: number | undefined;
  /** `"memory"` is lost when the server restarts. Default: `"file"`. */
  storage?: "file" | "memory" | undefined;
  /**
   * Milliseconds for which JetStream refuses a second copy of a message: longer than a publisher goes on trying. Default:
   * 120,000, or `maxAge` if that is less.
   */
  duplicateWindow?: number | undefined;
  /** Time and chance, for tests. Default: the runtime's own. */
  clock?: Clock | undefined;
}

/** The options, checked, with the defaults filled in. */
export type JetStreamSettings = { [Name in keyof JetStreamOptions]-?: NonNullable<JetStreamOptions[Name]> };

const OPTIONS = namesOf<JetStreamOptions>({
  stream: true,
  subject: true,
  maxEvents: true,
  maxBytes: true,
  maxAge: true,
  replicas: true,
  storage: true,
  duplicateWindow: true,
  clock: true,
});

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError} Naming the option and the value received.
 */
export function checkJetStreamOptions(options: JetStreamOptions): JetStreamSettings {
  checkNames("jetStream", options, OPTIONS, { maxMessages: "maxEvents" });
  const { stream, subject = stream, maxEvents = 100_000, maxBytes = Infinity, maxAge = 3_600_000 } = options;
  const { replicas = 1, storage = "file", duplicateWindow = Math.min(120_000, maxAge) } = options;
  if (typeof stream !== "string" || !/^[^\s.*>/\\]{1,255}$/.test(stream)) {
    throw wrongOption("stream", "a name without spaces, dots, slashes, * and >", stream);
  }
  if (typeof subject !== "string" || !/^[^\s.*>]+(\.[^\s.*>]+)*$/.test(subject)) {
    throw wrongOption("subject", "a subject without spaces and wildcards", subject);
  }
  numberOption("maxEvents", maxEvents, { least: 1, unit: "events", endless: true });
  numberOption("maxBytes", maxBytes, { least: 1, unit: "bytes", endless: true });
  // JetStream takes no less than this for either.
  numberOption("maxAge", maxAge, { least: 100, unit: "milliseconds", endless: true });
  numberOption("duplicateWindow", duplicateWindow, { least: 100, unit: "milliseconds" });
  if (duplicateWindow > maxAge) {
    throw wrongOption("duplicateWindow", `at most maxAge, which is ${maxAge} milliseconds`, duplicateWindow);
  }
  numberOption("replicas", replicas, { least: 1, unit: "servers" });
  if (replicas > 5) throw wrongOption("replicas", "5 at most", replicas);
  if (storage !== "file" && storage !== "memory") {
    throw wrongOption("storage", '"file" or "memory"', storage);
  }
  return {
    stream,
    subject,
    maxEvents,
    maxBytes,
    maxAge,
    replicas,
    storage,
    duplicateWindow,
    clock: clockOption(options.clock),
  };
}
