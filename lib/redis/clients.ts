/**
 * Recognises the clients that people have, each by its shape, so that none of them is imported.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import {
  CONNECT_TIMEOUT,
  opened,
  type RedisConnection,
  type RedisConnector,
  type RedisSubscriber,
} from "./connection.ts";

/** What is used of a client of npm's `redis` (node-redis), made by `createClient()`. It need not be connected. */
export interface NodeRedis {
  /** Whether `connect()` was called. */
  readonly isOpen: boolean;
  /** Sends a command. */
  sendCommand(command: string[]): Promise<unknown>;
  /** Makes another client with the same settings. */
  duplicate(overrides?: object): unknown;
}

/** What is used of a client of npm's `ioredis`, made by `new Redis()`. */
export interface IORedis {
  /** Where the connection is: `"ready"`, `"reconnecting"`… */
  readonly status: string;
  /** Sends a command. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** Makes another client with the same settings. */
  duplicate(overrides?: object): unknown;
}

/** What is used of Bun's own client, `new Bun.RedisClient()` or `Bun.redis`. */
export interface BunRedis {
  /** Whether the connection is up. */
  readonly connected: boolean;
  /** Sends a command. */
  send(command: string, args: string[]): Promise<unknown>;
  /** Makes another client with the same settings. */
  duplicate(): Promise<unknown>;
}

/** A client of one of the three known libraries, or what opens connections by another: see {@linkcode RedisConnector}. */
export type RedisClient = NodeRedis | IORedis | BunRedis | RedisConnector;

/** Finds out what a client is. A cluster's client and a pool are none of these: their commands go who knows where. */
export function connectorOf(client: unknown, clock: Clock): RedisConnector | undefined {
  if (typeof client !== "object" || client === null) return undefined;
  if (has(client, "call", "duplicate", "disconnect") && !("isCluster" in client && client.isCluster)) {
    return fromIORedis(client as IORedis, clock);
  }
  if (has(client, "sendCommand", "duplicate", "connect") && "isOpen" in client && !("masters" in client)) {
    return fromNodeRedis(client as NodeRedis, clock);
  }
  if (has(client, "send", "duplicate", "close") && "connected" in client) {
    return fromBun(client as BunRedis, clock);
  }
  if (has(client, "open")) return client as RedisConnector;
  return undefined;
}

function has(client: object, ...methods: string[]): boolean {
  return methods.every((name) => typeof (client as Record<string, unknown>)[name] === "function");
}

/** What a client is besides, once it is ours. */
interface Twin {
  connect(): Promise<unknown>;
}

/** In node-redis and ioredis, an error to which nobody listens ends the process. */
interface Emitter extends Twin {
  on(event: "error", listener: (error: unknown) => void): unknown;
  disconnect(): unknown;
  destroy?(): unknown;
}

interface OpenBun extends BunRedis, Twin {
  onclose: ((error: unknown) => void) | null;
  onconnect: (() => void) | null;
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channels: string[]): Promise<unknown>;
  close(): void;
}

interface OpenNodeRedis extends NodeRedis, Emitter {
  subscribe(channels: string[], listener: (message: string, channel: string) => void): Promise<unknown>;
  unsubscribe(channels: string[]): Promise<unknown>;
}

interface OpenIORedis extends IORedis, Emitter {
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
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

function fromNodeRedis(client: NodeRedis, clock: Clock): RedisConnector {
  const open = async () => {
    const { socket, commandOptions } =
      (client as { options?: { socket?: object; commandOptions?: object } }).options ?? {};
    const twin = client.duplicate({
      socket: { ...socket, reconnectStrategy: false, connectTimeout: CONNECT_TIMEOUT },
      // A timer for each command takes as long as the command; whoever calls keeps the time.
      commandOptions: { ...commandOptions, timeout: undefined },
    }) as OpenNodeRedis;
    const close = () => twin.destroy === undefined ? quietly(twin.disconnect()) : twin.destroy();
    await connect(clock, twin, close);
    return { twin, close };
  };
  return {
    async open() {
      const { twin, close } = await open();
      return { send: (command) => twin.sendCommand(command), close };
    },
    async listen(onMessage, onLost): Promise<RedisSubscriber> {
      const { twin, close } = await open();
      twin.on("error", onLost);
      return {
        subscribe: (channels) => twin.subscribe(channels, (message, channel) => onMessage(channel, message)),
        unsubscribe: (channels) => twin.unsubscribe(channels),
        ping: () => twin.sendCommand(["PING"]),
        close,
      };
    },
  };
}

function fromIORedis(client: IORedis, clock: Clock): RedisConnector {
  const open = async () => {
    const twin = client.duplicate({
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT,
      disconnectTimeout: 50,
      retryStrategy: () => null,
      reconnectOnError: null,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    }) as OpenIORedis;
    const close = () => twin.disconnect();
    await connect(clock, twin, close);
    return { twin, close };
  };
  return {
    async open() {
      const { twin, close } = await open();
      return { send: ([name, ...args]) => twin.call(name!, ...args), close };
    },
    async listen(onMessage, onLost): Promise<RedisSubscriber> {
      const { twin, close } = await open();
      twin.on("message", onMessage);
      twin.on("close", onLost);
      return {
        // In small letters: some versions compare these names with their own.
        subscribe: (channels) => twin.call("subscribe", ...channels),
        unsubscribe: (channels) => twin.call("unsubscribe", ...channels),
        ping: () => twin.call("ping"),
        close,
      };
    },
  };
}

/** Bun's client cannot be kept from reconnecting, but is closed as soon as a command fails. */
function fromBun(client: BunRedis, clock: Clock): RedisConnector {
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

/** Connects a client that is ours, or lets go of it. */
async function connect(
  clock: Clock,
  twin: Twin | Emitter,
  close: RedisConnection["close"],
): Promise<void> {
  let cause: unknown;
  if ("on" in twin) twin.on("error", (error) => cause = error);
  try {
    await opened(clock, twin.connect(), () => {});
  } catch (error) {
    try {
      close();
    } catch {
      // It was not open.
    }
    // ioredis says only that it is closed, and tells its listeners why.
    throw cause ?? error;
  }
}

function quietly(promise: unknown): void {
  Promise.resolve(promise).catch(() => {});
}
