/**
 * Opens connections by `ioredis`: to a server, to the primary that its sentinels name, and to the nodes of a cluster.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { addressOf, type ClusterClient, type NodeConnector, type Topology } from "./cluster.ts";
import { CONNECT_TIMEOUT, type RedisConnector, type RedisSubscriber } from "./connection.ts";
import { connect, type Emitter } from "./twins.ts";

/** What is used of a client of npm's `ioredis`, made by `new Redis()`; with `sentinels` too. */
export interface IORedis {
  /** Where the connection is: `"ready"`, `"reconnecting"`… */
  readonly status: string;
  /** Sends a command. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** Makes another client with the same settings. */
  duplicate(overrides?: object): unknown;
}

/** What is used of a client of npm's `ioredis` for a cluster, made by `new Cluster()`. */
export interface IORedisCluster {
  /** That it is one. */
  readonly isCluster: boolean;
  /** The nodes that it knows. */
  nodes(role?: "master"): unknown[];
  /** Makes another client with the same settings. */
  duplicate(overrideStartupNodes?: never[], overrideOptions?: object): unknown;
}

interface OpenIORedis extends IORedis, Emitter {
  on(event: "error", listener: (error: unknown) => void): unknown;
  on(event: "close" | "moved", listener: () => void): unknown;
  on(event: "message" | "smessage", listener: (channel: string, message: string) => void): unknown;
  disconnect(): void;
}

interface OpenCluster extends Emitter {
  /** The addresses of each slot's nodes, the primary's first. */
  readonly slots: readonly (readonly string[] | undefined)[];
  nodes(role?: "master"): IORedis[];
  disconnect(): void;
}

interface ClusterOptions {
  readonly keyPrefix?: string;
  readonly natMap?: NatMap | null;
  readonly redisOptions?: { readonly keyPrefix?: string };
}

type NatMap = Record<string, Address | undefined> | ((address: string) => Address | null);

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Connections to one server. */
export function fromIORedis(client: IORedis, clock: Clock): RedisConnector {
  return connectorOver(client, clock, {});
}

/** Connections to the nodes of a cluster. */
export function fromIORedisCluster(client: IORedisCluster, clock: Clock): ClusterClient {
  const options = (client as { options?: ClusterOptions }).options ?? {};
  const keyPrefix = options.keyPrefix ?? options.redisOptions?.keyPrefix ?? "";
  return {
    keyPrefix,
    async look(): Promise<Topology> {
      // It is asked where everything is, and then let go of: what it does by itself is not wanted.
      const scout = client.duplicate([], {
        lazyConnect: true,
        enableReadyCheck: false,
        clusterRetryStrategy: () => null,
        slotsRefreshInterval: undefined,
        shardedSubscribers: false,
      }) as OpenCluster;
      const close = () => scout.disconnect();
      await connect(clock, scout, close);
      return {
        owner: (slot) => scout.slots[slot]?.[0],
        node(address) {
          const to = natMapped(options.natMap, address) ?? addressOf(address);
          // Any node's settings are those of all.
          const [model] = scout.nodes();
          return Promise.resolve(model && connectorOver(model, clock, { ...to, readOnly: false, keyPrefix }));
        },
        close,
      };
    },
  };
}

function connectorOver(client: IORedis, clock: Clock, overrides: object): NodeConnector {
  const open = async (more: object = {}) => {
    const twin = client.duplicate({
      lazyConnect: true,
      connectTimeout: CONNECT_TIMEOUT,
      disconnectTimeout: 50,
      retryStrategy: () => null,
      reconnectOnError: null,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      ...overrides,
      ...more,
    }) as OpenIORedis;
    const close = () => twin.disconnect();
    await connect(clock, twin, close);
    return { twin, close };
  };
  // In small letters: some versions compare these names with their own.
  const subscriber = (twin: OpenIORedis, close: () => void, sign: "" | "s"): RedisSubscriber => ({
    subscribe: (channels) => twin.call(`${sign}subscribe`, ...channels),
    unsubscribe: (channels) => twin.call(`${sign}unsubscribe`, ...channels),
    ping: () => twin.call("ping"),
    close,
  });
  return {
    async open() {
      const { twin, close } = await open();
      return { send: ([name, ...args]) => twin.call(name!, ...args), close };
    },
    async listen(onMessage, onLost) {
      const { twin, close } = await open();
      twin.on("message", onMessage);
      twin.on("close", onLost);
      return subscriber(twin, close, "");
    },
    async listenToShard(onMessage, onLost) {
      // It would put its prefix before the channels of a shard, and of no others.
      const { twin, close } = await open({ keyPrefix: "" });
      twin.on("smessage", onMessage);
      twin.on("close", onLost);
      twin.on("moved", onLost);
      // Version 5 takes it for an answer to nothing that a channel has moved away.
      twin.on("error", onLost);
      return subscriber(twin, close, "s");
    },
  };
}

function natMapped(map: NatMap | null | undefined, address: string): Address | null | undefined {
  return typeof map === "function" ? map(address) : map?.[address];
}
