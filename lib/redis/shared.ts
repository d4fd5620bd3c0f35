/**
 * Shares connections to the nodes of a cluster: one for commands and one for Pub/Sub to each node, however many slots of it
 * are used.
 *
 * @module
 */

import type { RedisConnection, RedisSubscriber } from "./connection.ts";
import { wasAnswered } from "./errors.ts";
import { letGo } from "./twins.ts";

type OnMessage = (channel: string, message: string) => void;

/** One connection, from the wish to have one until it fails or nobody uses it. */
interface Line<T> {
  readonly opening: Promise<T>;
  users: number;
}

interface SubscriberLine extends Line<RedisSubscriber> {
  readonly hearers: Map<string, OnMessage>;
  readonly losers: Set<() => void>;
  pinging?: Promise<unknown> | undefined;
}

/** All shared connections of one client. */
export class SharedConnections {
  readonly #connections = new Map<string, Line<RedisConnection>>();
  readonly #subscribers = new Map<string, SubscriberLine>();

  /** A share in the connection to a node. What is sent over it keeps its order, whoever sends. */
  async connection(address: string, open: () => Promise<RedisConnection>): Promise<RedisConnection> {
    const line = lineOf(this.#connections, address, () => ({ opening: open(), users: 0 }));
    const connection = await entered(this.#connections, address, line);
    let unanswered = 0;
    let isClosed = false;
    const drop = () => {
      // Whoever comes next opens another.
      if (this.#connections.get(address) === line) this.#connections.delete(address);
      letGo(() => connection.close());
    };
    return {
      send: async (command) => {
        unanswered++;
        try {
          return await connection.send(command);
        } catch (error) {
          if (!wasAnswered(error)) drop();
          throw error;
        } finally {
          unanswered--;
        }
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        line.users--;
        // Whoever closes it before all is answered has lost trust in it. So nobody's answers come over it any more.
        if (unanswered > 0 || line.users === 0) drop();
      },
    };
  }

  /** A share in the connection to a node for Pub/Sub. No channel is listened to by two who share it. */
  async subscriber(
    address: string,
    listen: (onMessage: OnMessage, onLost: () => void) => Promise<RedisSubscriber>,
    onMessage: OnMessage,
    onLost: () => void,
  ): Promise<RedisSubscriber> {
    const line = lineOf(this.#subscribers, address, (): SubscriberLine => {
      const hearers = new Map<string, OnMessage>();
      const losers = new Set<() => void>();
      const hear: OnMessage = (channel, message) => hearers.get(channel)?.(channel, message);
      const made = {
        opening: listen(hear, () => this.#lost(address, made)),
        users: 0,
        hearers,
        losers,
      } as SubscriberLine;
      return made;
    });
    line.losers.add(onLost);
    const subscriber = await entered(this.#subscribers, address, line);
    const own = new Set<string>();
    let isWaiting = false;
    let isClosed = false;
    const drop = () => {
      // A connection that is closed says nothing of it.
      this.#lost(address, line);
      letGo(() => subscriber.close());
    };
    return {
      subscribe: (channels) => {
        for (const channel of channels) {
          own.add(channel);
          line.hearers.set(channel, onMessage);
        }
        return subscriber.subscribe(channels);
      },
      unsubscribe: (channels) => {
        for (const channel of channels) {
          own.delete(channel);
          line.hearers.delete(channel);
        }
        return subscriber.unsubscribe(channels);
      },
      // One answer is enough for all.
      ping: async () => {
        isWaiting = true;
        await (line.pinging ??= subscriber.ping().finally(() => line.pinging = undefined));
        isWaiting = false;
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        line.users--;
        line.losers.delete(onLost);
        for (const channel of own) line.hearers.delete(channel);
        if (isWaiting || line.users === 0) return drop();
        if (own.size > 0) subscriber.unsubscribe([...own]).catch(drop);
      },
    };
  }

  /** Tells all who share a subscriber that it is lost. */
  #lost(address: string, line: SubscriberLine): void {
    if (this.#subscribers.get(address) === line) this.#subscribers.delete(address);
    for (const loser of [...line.losers]) loser();
  }
}

function lineOf<T, L extends Line<T>>(lines: Map<string, L>, address: string, make: () => L): L {
  let line = lines.get(address);
  if (line === undefined) lines.set(address, line = make());
  line.users++;
  return line;
}

async function entered<T>(lines: Map<string, Line<T>>, address: string, line: Line<T>): Promise<T> {
  try {
    return await line.opening;
  } catch (error) {
    if (lines.get(address) === line) lines.delete(address);
    throw error;
  }
}
