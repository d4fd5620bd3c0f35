/**
 * Runs statements over a few connections of its own, and replaces those that fail or hang.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import type { PostgresConnection, PostgresConnector, PostgresRow } from "./connection.ts";
import { stateOf } from "./errors.ts";

// How many connections there are at most, and how long an answer may fail to come before one is taken for dead, in
// milliseconds.
const MOST = 4;
const LONGEST_SILENCE = 4_000;

interface Lane {
  readonly connection: Promise<PostgresConnection>;
  /** The connection, once it is there. */
  opened: PostgresConnection | undefined;
  /** Statements that are not answered yet. */
  waiting: number;
}

export class Lanes {
  readonly #connector: PostgresConnector;
  readonly #clock: Clock;
  readonly #prepare: (connection: PostgresConnection) => Promise<void>;
  readonly #lanes = new Set<Lane>();

  /** @param prepare Called with each connection before it is used. */
  constructor(
    connector: PostgresConnector,
    { clock, prepare }: { clock: Clock; prepare: (connection: PostgresConnection) => Promise<void> },
  ) {
    this.#connector = connector;
    this.#clock = clock;
    this.#prepare = prepare;
  }

  /** Runs a statement over the connection that has the least to do. */
  async query(text: string, values: readonly (string | null)[]): Promise<readonly PostgresRow[]> {
    const lane = this.#pick();
    lane.waiting++;
    try {
      return await within(
        this.#clock,
        LONGEST_SILENCE,
        lane.connection.then((connection) => connection.query(text, values)),
        () => {
          throw new Error(`no answer within ${LONGEST_SILENCE} ms`);
        },
      );
    } catch (error) {
      // A standby says what it is, and what is missing is made over a new connection; any other answer shows that it works.
      const state = stateOf(error);
      if (state === undefined || !/^(22|23|40|55)/.test(state)) this.#drop(lane);
      throw error;
    } finally {
      lane.waiting--;
    }
  }

  /** Lets go of the connections. */
  close(): void {
    for (const lane of [...this.#lanes]) this.#drop(lane);
  }

  #pick(): Lane {
    let best: Lane | undefined;
    for (const lane of [...this.#lanes]) if (lane.opened?.isBroken?.() === true) this.#drop(lane);
    for (const lane of this.#lanes) if (best === undefined || lane.waiting < best.waiting) best = lane;
    if (best !== undefined && (best.waiting === 0 || this.#lanes.size >= MOST)) return best;
    const lane: Lane = { connection: this.#open(), opened: undefined, waiting: 0 };
    lane.connection.then((connection) => lane.opened = connection, () => this.#lanes.delete(lane));
    this.#lanes.add(lane);
    return lane;
  }

  async #open(): Promise<PostgresConnection> {
    const connection = await this.#connector.open();
    try {
      await this.#prepare(connection);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  #drop(lane: Lane): void {
    this.#lanes.delete(lane);
    lane.connection.then((connection) => connection.close()).catch(() => {});
  }
}
