/** The shared log, as every process of the example reaches it. */

import { createClient } from "redis";
import { type Backplane, redisStreams } from "../../../lib/redis/mod.ts";

/** With Bun's own client on Bun, and npm's `redis` elsewhere. */
export function sharedLog(url: string): Backplane {
  const client = "Bun" in globalThis ? new Bun.RedisClient(url) : createClient({ url });
  return redisStreams(client, { key: "cluster", maxLength: 100_000 });
}
