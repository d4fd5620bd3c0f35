/** Connects a process of the example to the shared log. */

import { createClient } from "redis";
import { type Backplane, type BunRedis, redisStreams } from "tidings/redis";

/** What only Bun has, and only Bun's types know. */
const { Bun } = globalThis as unknown as { Bun?: { RedisClient: new (url: string) => BunRedis } };

/** With Bun's own client on Bun, and npm's `redis` elsewhere. */
export function sharedLog(url: string): Backplane {
  const client = Bun ? new Bun.RedisClient(url) : createClient({ url });
  return redisStreams(client, { stream: "cluster", maxEvents: 100_000 });
}
