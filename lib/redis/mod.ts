/**
 * Joins Broadcasters in many processes over one Redis Stream: {@linkcode redisStreams}, for Redis from 6.2 on and Valkey.
 *
 * @module
 */
export type { Backplane, BackplaneEntry, BackplaneMessage, BackplaneReader } from "../cluster/backplane.ts";
export { TidingsError, type TidingsErrorCode } from "../base/errors.ts";
export type { BunRedis, IORedis, NodeRedis, RedisClient } from "./clients.ts";
export type { RedisConnection, RedisConnector } from "./connection.ts";
export { redisStreams, type RedisStreamsOptions } from "./streams.ts";
