/**
 * What a Redis client must be able to do here.
 *
 * @module
 */

import { TidingsError } from "../errors.ts";

/**
 * A way to Redis, whichever client it is made with. Commands are texts, `["XADD", "market", …]`; replies are what Redis
 * answered, with bulk strings as text or bytes; an error that Redis answered rejects, with Redis' own words as its message.
 */
export interface RedisConnection {
  /** Sends a command over the connection that all others share, in the order of the calls. */
  send(command: string[]): Promise<unknown>;
  /** Opens another connection, on which a command that waits holds up nobody else. Rejects if Redis cannot be reached. */
  blocking(): Promise<BlockingConnection>;
}

/**
 * A connection of one's own. It had better not reconnect by itself: after an error it is closed, and another one opened.
 */
export interface BlockingConnection {
  /** Sends a command. Rejects if the connection is lost. */
  send(command: string[]): Promise<unknown>;
  /** Lets go of the connection at once, without a farewell to Redis, which may hang. Called once; what it throws is ignored. */
  close(): void;
}

/** How long opening a connection may take, in milliseconds: a frozen Redis accepts one and never speaks. */
export const CONNECT_TIMEOUT = 5_000;

/**
 * Waits until a connection is there, and no longer than that may take: one that comes too late is closed, and so is one
 * that did not come about.
 */
export async function opened<T>(opening: Promise<T>, close: (connection: T) => void): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      opening.then(close, () => {});
      reject(
        new TidingsError(
          "backplane-unavailable",
          `no connection to Redis within ${CONNECT_TIMEOUT} ms. Is it running, and is its address right?`,
        ),
      );
    }, CONNECT_TIMEOUT);
  });
  try {
    return await Promise.race([opening, late]);
  } finally {
    clearTimeout(timer);
  }
}
