/**
 * Defines the contract of a Redis connection: what a client must be able to do.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import { TidingsError } from "../base/errors.ts";

/** Opens connections to Redis, by whichever client. */
export interface RedisConnector {
  /**
   * Opens a connection that nobody else uses. Rejects if Redis cannot be reached.
   *
   * @param key A key that the commands are for. With a cluster the connection has to lead to the node that owns the slot of
   *   this key; all keys of all commands that are sent lie in that slot. Without a cluster it means nothing.
   */
  open(key?: string): Promise<RedisConnection>;
  /**
   * Opens a connection that nobody else uses, for Pub/Sub. `redisStore()` needs it, and `redisStreams()` does not. Rejects if
   * Redis cannot be reached.
   *
   * @param onMessage Called with each message of a channel that is subscribed to.
   * @param onLost Called when the connection breaks, unless it was closed by `close()`; more than once does no harm. What
   *   notices nothing, as with a machine that lost its power, is found out by `ping()`.
   */
  listen?(
    onMessage: (channel: string, message: string) => void,
    onLost: () => void,
  ): Promise<RedisSubscriber>;
}

/**
 * A connection of one's own. It must not reconnect by itself, nor send a command again: what was sent before a connection
 * broke would arrive after what is sent over the next one. After an error it is closed, and another one opened.
 */
export interface RedisConnection {
  /**
   * Sends a command, `["XADD", "market", …]`, without waiting for the answers to those before. The reply is what Redis
   * answered, with bulk strings as text or bytes; an error that Redis answered rejects, with Redis' own words as its
   * message. Rejects if the connection is lost.
   */
  send(command: string[]): Promise<unknown>;
  /** Lets go of the connection at once, without a farewell to Redis, which may hang. What it throws is ignored. */
  close(): void;
}

/**
 * A connection for Pub/Sub. If it reconnects by itself it must say that it was lost: what was published meanwhile is gone.
 */
export interface RedisSubscriber {
  /** Subscribes to channels, at least one. Resolves when Redis has confirmed all, and rejects as `send` does. */
  subscribe(channels: string[]): Promise<unknown>;
  /** Subscribes to them no more. */
  unsubscribe(channels: string[]): Promise<unknown>;
  /** Sends a PING. Resolves when Redis has answered it. */
  ping(): Promise<unknown>;
  /** Lets go of the connection at once. What it throws is ignored. */
  close(): void;
}

/** How long opening a connection may take, in milliseconds: a frozen Redis accepts one and never speaks. */
export const CONNECT_TIMEOUT = 5_000;

/**
 * Waits until a connection is there, and no longer than that may take: one that comes too late is closed, and so is one
 * that did not come about.
 */
export function opened<T>(clock: Clock, opening: Promise<T>, close: (connection: T) => void): Promise<T> {
  return within(clock, CONNECT_TIMEOUT, opening, () => {
    opening.then(close, () => {});
    throw new TidingsError(
      "backplane-unavailable",
      `no connection to Redis within ${CONNECT_TIMEOUT} ms. Is it running, and is its address right?`,
    );
  });
}
