/**
 * Defines the contract of a Postgres connection: what a client must be able to do.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import { TidingsError } from "../base/errors.ts";

/** A row, by the names of its columns. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** Opens connections to Postgres, by whichever client. */
export interface PostgresConnector {
  /** Opens a connection for statements, or hands out a pool that has some. Rejects if Postgres cannot be reached. */
  open(): Promise<PostgresConnection>;
  /**
   * Opens a session of one's own, for `LISTEN`. Left out where there is none, as with a pooler in transaction mode.
   *
   * @param onMessage Called with each notification of a channel that is subscribed to.
   * @param onLost Called when notifications may have been missed, unless it was closed by `close()`.
   */
  listen?(
    onMessage: (channel: string, message: string) => void,
    onLost: () => void,
  ): Promise<PostgresSubscriber>;
}

/** What runs statements, each in a transaction of its own. */
export interface PostgresConnection {
  /**
   * Runs a statement. `$1` and so on stand for the values, all of which are texts. Without values there may be several
   * statements, with a semicolon between them. An error that Postgres answered has its SQLSTATE as `code` or `errno`.
   */
  query(text: string, values: readonly (string | null)[]): Promise<readonly PostgresRow[]>;
  /** Whether it is known to have broken, so that another one is opened instead. Default: not known. */
  isBroken?(): boolean;
  /** Lets go of the connection at once, also if it hangs. What it throws is ignored. */
  close(): void;
}

/** A session that listens. If it reconnects by itself it must say that it was lost: what was told meanwhile is gone. */
export interface PostgresSubscriber {
  /** Listens to channels, at least one. Resolves when Postgres has confirmed all. */
  subscribe(channels: readonly string[]): Promise<unknown>;
  /** Listens to them no more. */
  unsubscribe(channels: readonly string[]): Promise<unknown>;
  /** Resolves if the session is alive. */
  ping(): Promise<unknown>;
  /** Lets go of the session at once. What it throws is ignored. */
  close(): void;
}

/** How long opening a connection may take, in milliseconds: a frozen server accepts one and never speaks. */
export const CONNECT_TIMEOUT = 5_000;

/** Waits until a connection is there, and no longer than that may take: one that comes too late is closed. */
export function opened<T>(clock: Clock, opening: Promise<T>, close: (connection: T) => void): Promise<T> {
  return within(clock, CONNECT_TIMEOUT, opening, () => {
    opening.then(close, () => {});
    throw new TidingsError(
      "backplane-unavailable",
      `no connection to Postgres within ${CONNECT_TIMEOUT} ms. Is it running, and is its address right?`,
    );
  });
}
