/**
 * Keeps a log within its bounds: now and then, as entries are read, and by whichever process comes first.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { PostgresConnector } from "./connection.ts";

// How many entries are trimmed at a time at least, and how often by age, in milliseconds.
const LEAST = 50;
const OFTEN = 60_000;
/** As many as one call deletes at most: see `tidings.trim`. */
const PART = 10_000;

export class Trimming {
  readonly #connector: PostgresConnector;
  readonly #clock: Clock;
  readonly #log: string;
  readonly #maxEvents: number;
  readonly #maxAge: number;
  #read = 0;
  #last: number;
  #isRunning = false;

  constructor(
    connector: PostgresConnector,
    { log, maxEvents, maxAge, clock }: { log: string; maxEvents: number; maxAge: number; clock: Clock },
  ) {
    this.#connector = connector;
    this.#log = log;
    this.#maxEvents = maxEvents;
    this.#maxAge = maxAge;
    this.#clock = clock;
    this.#last = clock.now();
  }

  /** So many entries were read: every process reads all there are, whoever appended them. */
  read(count: number): void {
    this.#read += count;
    if (this.#isRunning) return;
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
    } catch {
      // The next one does it, and a role without the right leaves it to others.
    }
    this.#isRunning = false;
  }
}
