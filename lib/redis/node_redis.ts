/**
 * Opens connections by `redis` (node-redis): to a server, to the primary that sentinels name, and to the nodes of a cluster.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { addressOf, type ClusterClient, type NodeConnector, type Topology } from "./cluster.ts";
import { CONNECT_TIMEOUT, opened, type RedisConnector } from "./connection.ts";
import { connect, type Emitter, quietly } from "./twins.ts";

/** What is used of a client of npm's `redis` (node-redis), made by `createClient()`. It need not be connected. */
export interface NodeRedis {
  /** Whether `connect()` was called. */
  readonly isOpen: boolean;
  /** Sends a command. */
  sendCommand(command: string[]): Promise<unknown>;
  /** Makes another client with the same settings. */
  duplicate(overrides?: object): unknown;
}

/** What is used of a client of npm's `redis` for a cluster, made by `createCluster()`. It need not be connected. */
export interface NodeRedisCluster {
  /** The primaries that it knows. */
  readonly masters: readonly unknown[];
  /** Makes another client with the same settings. */
  duplicate(overrides?: object): unknown;
}

/** What is used of a client of npm's `redis` for sentinels, made by `createSentinel()`. It need not be connected. */
export interface NodeRedisSentinel {
  /** The primary, if it knows one. */
  getMasterNode(): unknown;
  /** Makes another client with the same settings. */
  duplicate(overrides?: object): unknown;
}

interface Settings {
  readonly socket?: object;
  readonly commandOptions?: object;
}

type Listener = (message: string, channel: string) => void;

interface OpenNodeRedis extends NodeRedis, Emitter {
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "sharded-channel-moved", listener: () => void): unknown;
  subscribe(channels: string[], listener: Listener): Promise<unknown>;
  unsubscribe(channels: string[]): Promise<unknown>;
  sSubscribe(channels: string[], listener: Listener): Promise<unknown>;
  sUnsubscribe(channels: string[]): Promise<unknown>;
  disconnect(): unknown;
  destroy?(): unknown;
}

/** A node of a cluster, as the client that knows it sees it. */
interface Shard {
  readonly address: string;
}

interface OpenCluster extends Emitter {
  readonly masters: readonly Shard[];
  readonly slots: readonly ({ readonly master: Shard } | undefined)[];
  readonly nodeByAddress: ReadonlyMap<string, Shard>;
  nodeClient(node: Shard): Promise<NodeRedis> | NodeRedis;
  disconnect(): unknown;
  destroy?(): unknown;
}

interface OpenSentinel extends Emitter {
  _execute<T>(isReadonly: boolean, use: (client: NodeRedis) => Promise<T>): Promise<T>;
  destroy(): unknown;
}

/** Connections to one server. */
export function fromNodeRedis(client: NodeRedis, clock: Clock): RedisConnector {
  return connectorOver(() => Promise.resolve(client), clock);
}

/** Connections to the primary. Which that is the sentinels are asked each time. */
export function fromNodeRedisSentinel(client: NodeRedisSentinel, clock: Clock): RedisConnector {
  return connectorOver(async () => {
    const scout = client.duplicate({
      masterPoolSize: 1,
      replicaPoolSize: 0,
      scanInterval: 0,
    }) as OpenSentinel;
    const close = () => quietly(scout.destroy());
    await connect(clock, scout, close);
    try {
      // Its settings are all that is wanted of it.
      return await opened(clock, scout._execute(false, (node) => Promise.resolve(node)), () => {});
    } finally {
      close();
    }
  }, clock);
}

/** Connections to the nodes of a cluster. */
export function fromNodeRedisCluster(client: NodeRedisCluster, clock: Clock): ClusterClient {
  const options = (client as { _options?: { defaults?: Settings } })._options;
  const quick = (socket: object | undefined) => ({
    ...socket,
    reconnectStrategy: false,
    connectTimeout: CONNECT_TIMEOUT,
  });
  return {
    // It puts one before no command that is sent as it is.
    keyPrefix: "",
    async look(): Promise<Topology> {
      const scout = client.duplicate({
        minimizeConnections: true,
        useReplicas: false,
        // Version 4 does not tell what it was given: there a node that is dead is waited for.
        ...(options === undefined
          ? {}
          : { defaults: { ...options.defaults, socket: quick(options.defaults?.socket) } }),
      }) as OpenCluster;
      const close = () => closeNow(scout);
      await connect(clock, scout, close);
      return {
        owner: (slot) => scout.slots[slot]?.master.address,
        async node(address) {
          const known = scout.nodeByAddress.get(address);
          const shard = known ?? scout.masters[0];
          if (shard === undefined) return undefined;
          const model = await opened(clock, Promise.resolve(scout.nodeClient(shard)), () => {});
          // One without slots is not among those that it knows. Any node's settings are those of all.
          return connectorOver(() => Promise.resolve(model), clock, known ? {} : addressOf(address));
        },
        close,
      };
    },
  };
}

function connectorOver(model: () => Promise<NodeRedis>, clock: Clock, address: object = {}): NodeConnector {
  const reach = async () => {
    const client = await model();
    const { socket, commandOptions } = (client as { options?: Settings }).options ?? {};
    const twin = client.duplicate({
      socket: { ...socket, ...address, reconnectStrategy: false, connectTimeout: CONNECT_TIMEOUT },
      // A timer for each command takes as long as the command; whoever calls keeps the time.
      commandOptions: { ...commandOptions, timeout: undefined },
    }) as OpenNodeRedis;
    const close = () => closeNow(twin);
    await connect(clock, twin, close);
    return { twin, close };
  };
  // To ask for the model and to connect takes no longer than to connect alone may.
  const open = () => opened(clock, reach(), (late) => late.close());
  return {
    async open() {
      const { twin, close } = await open();
      return { send: (command) => twin.sendCommand(command), close };
    },
    async listen(onMessage, onLost) {
      const { twin, close } = await open();
      twin.on("error", onLost);
      return {
        subscribe: (channels) => twin.subscribe(channels, (message, channel) => onMessage(channel, message)),
        unsubscribe: (channels) => twin.unsubscribe(channels),
        ping: () => twin.sendCommand(["PING"]),
        close,
      };
    },
    async listenToShard(onMessage, onLost) {
      const { twin, close } = await open();
      twin.on("error", onLost);
      twin.on("sharded-channel-moved", onLost);
      return {
        subscribe: (channels) => twin.sSubscribe(channels, (message, channel) => onMessage(channel, message)),
        unsubscribe: (channels) => twin.sUnsubscribe(channels),
        ping: () => twin.sendCommand(["PING"]),
        close,
      };
    },
  };
}

function closeNow(client: { disconnect(): unknown; destroy?(): unknown }): void {
  if (client.destroy === undefined) quietly(client.disconnect());
  else client.destroy();
}
