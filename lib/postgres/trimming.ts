/**
 * Keeps a log within its bounds: now and then, as entries are read, and by whichever process comes first.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { engineError, isPermanent } from "../base/engine_errors.ts";
import { report, type TidingsError } from "../base/errors.ts";
import type { PostgresConnector } from "./connection.ts";
import { isForbidden } from "./errors.ts";

// How many entries are trimmed at a time at least, and how often by age, in milliseconds.
const LEAST = 50;
const OFTEN = 60_000;
/** As many as one call deletes at most: see `tidings.trim`. */
const PART = 10_000;

export interface TrimmingOptions {
  readonly log: string;
  readonly maxEvents: number;
  readonly maxAge: number;
  readonly clock: Clock;
  /** Makes a client's error into one that people understand. */
  readonly explain: (error: unknown) => TidingsError;
}

export class Trimming {
  /** Told that it fails. Default: prints it. */
  tell: (error: TidingsError) => void = (error) => report("the backplane", error);
  readonly #connector: PostgresConnector;
  readonly #clock: Clock;
  readonly #log: string;
  readonly #maxEvents: number;
  readonly #maxAge: number;
  #read = 0;
  #last: number;
  #isRunning = false;
  #failures = 0;
  #isTold = false;
  readonly #explain: TrimmingOptions["explain"];

  constructor(connector: PostgresConnector, { log, maxEvents, maxAge, clock, explain }: TrimmingOptions) {
    this.#connector = connector;
    this.#explain = explain;
    this.#log = log;
    this.#maxEvents = maxEvents;
    this.#maxAge = maxAge;
    this.#clock = clock;
    this.#last = clock.now();
  }

  /** So many entries were read: every process reads all there are, whoever appended them. */
  read(count: number): void {
    this.#read += count;
    if (this.#isRunning || (this.#maxEvents === Infinity && this.#maxAge === Infinity)) return;
    const isMany = this.#read >= Math.max(LEAST, this.#maxEvents / 10);
    const isOld = this.#clock.now() - this.#last >= Math.min(OFTEN, this.#maxAge / 2);
    if (isMany || isOld) void this.#trim();
  }

  async #trim(): Promise<void> {
    this.#isRunning = true;
    this.#read = 0;
    this.#last = this.#clock.now();
    const bound = (value: number) => value === Infinity ? null : `${value}`;
    try {
      const connection = await this.#connector.open();
      try {
        for (let trimmed = PART; trimmed >= PART;) {
          const [row] = await connection.query(
            "SELECT tidings.trim($1::text, $2::text::bigint, $3::text::bigint) AS trimmed",
            [this.#log, bound(this.#maxEvents), bound(this.#maxAge)],
          );
          trimmed = Number(row?.trimmed);
        }
      } finally {
        connection.close();
      }
      this.#failures = 0;
      this.#isTold = false;
    } catch (error) {
      this.#failed(error);
    }
    this.#isRunning = false;
  }

  /** The log grows, and nothing else would show it before the disk is full: the operator is told, until it works again once. */
  #failed(cause: unknown): void {
    const error = this.#explain(cause);
    this.#failures++;
    // What may pass, such as a connection that broke, the next attempt shows.
    if (this.#isTold || (this.#failures < 2 && !isPermanent(error))) return;
    this.#isTold = true;
    const remedy = isForbidden(cause)
      ? `. Or set "maxEvents" to Infinity here, and leave the trimming to a role that may delete`
      : "";
    this.tell(
      engineError(`Cannot trim ${error.message}${remedy}; it is tried again`, cause, isPermanent(error)),
    );
  }
}
