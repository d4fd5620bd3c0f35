/**
 * Opens the Redis clients that people have, as they make them.
 *
 * @module
 */

import { Cluster, Redis as IORedis } from "ioredis";
import { createClient, createCluster, createSentinel } from "redis";
import type { BunRedis, RedisClient } from "../../lib/redis/mod.ts";
import { runtime } from "./runtime.ts";

export interface OpenClient {
  readonly client: RedisClient;
  close(): void;
}

export interface ClientKind {
  readonly name: string;
  /** Makes a client. It connects by itself, also later, if the server is not there yet. */
  open(url: string): OpenClient;
}

const nodeRedis: ClientKind = {
  name: "node-redis",
  open(url) {
    const client = createClient({ url });
    client.on("error", () => {});
    // It settles when the server is there, which may be never.
    client.connect().catch(() => {});
    return { client, close: () => client.destroy() };
  },
};

const ioredis: ClientKind = {
  name: "ioredis",
  open(url) {
    const client = new IORedis(url, { disconnectTimeout: 50 });
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
};

type BunClient = BunRedis & { close(): void };

const bun: ClientKind = {
  name: "Bun.RedisClient",
  open(url) {
    // Deno, which checks this file too, knows no types of Bun's.
    const { Bun } = globalThis as unknown as { Bun: { RedisClient: new (url: string) => BunClient } };
    const client = new Bun.RedisClient(url);
    return { client, close: () => client.close() };
  },
};

/** Those that run here. */
export const clientKinds: readonly ClientKind[] = [nodeRedis, ioredis, ...(runtime === "bun" ? [bun] : [])];

/** A client of servers that are one: the nodes of a cluster, or sentinels. */
export interface JoinedKind {
  readonly name: string;
  open(ports: readonly number[], user?: { readonly username: string; readonly password: string }): OpenClient;
}

const host = "127.0.0.1";

/** Those for a cluster. Bun's own knows none. */
export const clusterKinds: readonly JoinedKind[] = [
  {
    name: "node-redis createCluster()",
    open(ports, user) {
      const client = createCluster({
        rootNodes: ports.map((port) => ({ url: `redis://${host}:${port}` })),
        // One that is destroyed while it connects to all nodes goes on trying, for ever (redis 6.3.1).
        minimizeConnections: true,
        defaults: { ...user },
      });
      client.on("error", () => {});
      client.connect().catch(() => {});
      return { client, close: () => client.destroy() };
    },
  },
  {
    name: "ioredis Cluster",
    open(ports, user) {
      const client = new Cluster(ports.map((port) => ({ host, port })), {
        redisOptions: { disconnectTimeout: 50, ...user },
      });
      client.on("error", () => {});
      return { client, close: () => client.disconnect() };
    },
  },
];

/** Those for sentinels, which watch a primary by the name "main". */
export const sentinelKinds: readonly JoinedKind[] = [
  {
    name: "node-redis createSentinel()",
    open(ports) {
      const client = createSentinel({
        name: "main",
        sentinelRootNodes: ports.map((port) => ({ host, port })),
      });
      client.on("error", () => {});
      client.connect().catch(() => {});
      return { client, close: () => void client.destroy().catch(() => {}) };
    },
  },
  {
    name: "ioredis with sentinels",
    open(ports) {
      const client = new IORedis({
        name: "main",
        sentinels: ports.map((port) => ({ host, port })),
        disconnectTimeout: 50,
      });
      client.on("error", () => {});
      return { client, close: () => client.disconnect() };
    },
  },
];
