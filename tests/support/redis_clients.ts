/**
 * Opens the Redis clients that people have, as they make them.
 *
 * @module
 */

import { Redis as IORedis } from "ioredis";
import { createClient } from "redis";
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
