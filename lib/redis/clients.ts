/**
 * Recognises the clients that people have, each by its shape, so that none of them is imported.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { type BunRedis, fromBun } from "./bun.ts";
import { ClusterConnector } from "./cluster.ts";
import type { RedisConnector } from "./connection.ts";
import { fromIORedis, fromIORedisCluster, type IORedis, type IORedisCluster } from "./ioredis.ts";
import {
  fromNodeRedis,
  fromNodeRedisCluster,
  fromNodeRedisSentinel,
  type NodeRedis,
  type NodeRedisCluster,
  type NodeRedisSentinel,
} from "./node_redis.ts";
import { has } from "./twins.ts";

/**
 * A client of one of the three known libraries, for a server, a cluster or sentinels, or what opens connections by another:
 * see {@linkcode RedisConnector}.
 */
export type RedisClient =
  | NodeRedis
  | NodeRedisCluster
  | NodeRedisSentinel
  | IORedis
  | IORedisCluster
  | BunRedis
  | RedisConnector;

/** Finds out what a client is. A pool is none of these: its commands go over who knows which connection. */
export function connectorOf(client: unknown, clock: Clock): RedisConnector | undefined {
  if (typeof client !== "object" || client === null) return undefined;
  if ("isCluster" in client && client.isCluster && has(client, "nodes", "duplicate", "disconnect")) {
    return new ClusterConnector(fromIORedisCluster(client as IORedisCluster, clock), clock);
  }
  if (has(client, "call", "duplicate", "disconnect") && !("isCluster" in client && client.isCluster)) {
    return fromIORedis(client as IORedis, clock);
  }
  if (has(client, "nodeClient", "duplicate", "connect") && "masters" in client) {
    return new ClusterConnector(fromNodeRedisCluster(client as NodeRedisCluster, clock), clock);
  }
  if (has(client, "getMasterNode", "duplicate", "connect")) {
    return has(client, "_execute") ? fromNodeRedisSentinel(client as NodeRedisSentinel, clock) : undefined;
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
