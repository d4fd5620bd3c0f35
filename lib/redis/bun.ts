/**
 * Opens connections by Bun's own client, which knows neither clusters nor sentinels.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { opened, type RedisConnector, type RedisSubscriber } from "./connection.ts";
import { connect, type Twin } from "./twins.ts";

/** What is used of Bun's own client, `new Bun.RedisClient()` or `Bun.redis`. */
export interface BunRedis {
  /** Whether the connection is up. */
  readonly connected: boolean;
  /** Sends a command. */
  send(command: string, args: string[]): Promise<unknown>;
  /** Makes another client with the same settings. */
  duplicate(): Promise<unknown>;
}

interface OpenBun extends BunRedis, Twin {
  onclose: ((error: unknown) => void) | null;
  onconnect: (() => void) | null;
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channels: string[]): Promise<unknown>;
  close(): void;
}

/** connect() hides why it failed, a wrong password for instance. A command that waits for the connection is told. */
async function connectBun(twin: OpenBun): Promise<void> {
  // Everybody may say HELLO, whatever else their rights are.
  const told = twin.send("HELLO", []).then(() => undefined, (reason: unknown) => reason);
  try {
    await twin.connect();
  } catch (error) {
    throw await told ?? error;
  }
}

/** Bun's client cannot be kept from reconnecting, but is closed as soon as a command fails. */
export function fromBun(client: BunRedis, clock: Clock): RedisConnector {
  const open = async () => {
    // It comes connected, or not, or waits for that: as the one it was made from is.
    const twin = await opened(clock, client.duplicate() as Promise<OpenBun>, (late) => late.close());
    const close = () => twin.close();
    await connect(clock, { connect: () => connectBun(twin) }, close);
    return { twin, close };
  };
  return {
    async open() {
      const { twin, close } = await open();
      return { send: ([name, ...args]) => twin.send(name!, args), close };
    },
    async listen(onMessage, onLost): Promise<RedisSubscriber> {
      const { twin, close } = await open();
      twin.onclose = onLost;
      // It reconnects without a word, and has forgotten then what it was subscribed to (Bun 1.4.5).
      twin.onconnect = onLost;
      return {
        subscribe: (channels) => twin.subscribe(channels, (message, channel) => onMessage(channel, message)),
        unsubscribe: (channels) => twin.unsubscribe(channels),
        ping: () => twin.send("PING", []),
        close,
      };
    },
  };
}
