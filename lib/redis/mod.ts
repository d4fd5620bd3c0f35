/**
 * Joins processes over Redis, from 6.2 on, or Valkey, alone, with sentinels or in a cluster: {@linkcode redisStreams} makes a
 * Redis Stream the log of Broadcasters, and {@linkcode redisStore} keeps the streams of `tidings/resumable`.
 *
 * @module
 */
export type { Backplane, BackplaneEntry, BackplaneMessage, BackplaneReader } from "../cluster/backplane.ts";
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export type { BunRedis } from "./bun.ts";
export type { RedisClient } from "./clients.ts";
export type { RedisConnection, RedisConnector, RedisSubscriber } from "./connection.ts";
export type { IORedis, IORedisCluster } from "./ioredis.ts";
export type { NodeRedis, NodeRedisCluster, NodeRedisSentinel } from "./node_redis.ts";
export { redisStore, type RedisStoreOptions } from "./store.ts";
export { redisStreams, type RedisStreamsOptions } from "./streams.ts";
export type {
  Appended,
  EndState,
  Ownership,
  StreamBatch,
  StreamEnding,
  StreamHead,
  StreamPage,
  StreamRecord,
  StreamStore,
  StreamWatcher,
} from "../store/store.ts";
