/** Connects a process of the example to the shared log, by whichever engine holds it. */

import type { Backplane } from "tidings";
import { jetStream } from "tidings/nats";
import { type PostgresClient, postgresLog } from "tidings/postgres";
import { type BunRedis, redisStreams } from "tidings/redis";
import { sqliteLog } from "tidings/sqlite";
import { databaseAt } from "../../support/database.ts";
import type { EngineName } from "./engines.ts";

/** What only Bun has, and only Bun's types know. */
const { Bun } = globalThis as unknown as {
  Bun?: {
    RedisClient: new (url: string) => BunRedis;
    SQL: new (url: string) => PostgresClient;
  };
};

/** The name of the log, wherever it is. */
const LOG = "cluster";

const makers: Record<EngineName, (address: string) => Promise<Backplane>> = {
  /** With Bun's own client on Bun, and npm's `redis` elsewhere. */
  async redis(url) {
    const client = Bun ? new Bun.RedisClient(url) : (await import("redis")).createClient({ url });
    return redisStreams(client, { stream: LOG });
  },

  /** Its client has to be connected once, before it can be handed over: this waits for the server. */
  async nats(url) {
    const { connect } = await import("@nats-io/transport-node");
    const { jetstream } = await import("@nats-io/jetstream");
    const connection = await connect({
      servers: url,
      waitOnFirstConnect: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      pingInterval: 5_000,
      timeout: 2_000,
    });
    return jetStream(jetstream(connection), { stream: LOG });
  },

  sqlite: (path) => Promise.resolve(sqliteLog(databaseAt(path), { table: LOG })),

  /** With Bun's own client on Bun, and npm's `pg` elsewhere. */
  async postgres(url) {
    const client = Bun
      ? new Bun.SQL(url)
      : new (await import("pg")).default.Pool({ connectionString: url, connectionTimeoutMillis: 2_000 });
    return postgresLog(client, { table: LOG, migrate: true });
  },
};

/** The log at an address. */
export function sharedLog(name: EngineName, address: string): Promise<Backplane> {
  return makers[name](address);
}
