// Type-checked against the installed package under the types of runtimes that have sockets: servers, Redis, Postgres, compression.
import { Cluster, Redis } from "ioredis";
import { createServer, type Server } from "node:http";
import { createSecureServer } from "node:http2";
import { Pool } from "pg";
import postgres from "postgres";
import { createClient, createCluster, createSentinel } from "redis";
import { type Backplane, Broadcaster } from "tidings";
import { gzip } from "tidings/compression";
import { serve as serveNode, toNodeListener } from "tidings/node";
import { type PostgresLog, postgresLog } from "tidings/postgres";
import { redisStreams } from "tidings/redis";
import { serve } from "tidings/serve";
import { type SqliteDatabase, type SqliteLog, sqliteLog, sqliteStore } from "tidings/sqlite";
import { handle } from "./web.ts";

export const server: Server = createServer(toNodeListener(handle));
createSecureServer(toNodeListener(handle)).close();

const packed = new Broadcaster({ compression: gzip({ level: 6 }) });

export const engines: Backplane[] = [
  redisStreams(createClient(), { stream: "market" }),
  redisStreams(new Redis(), { stream: "market", maxEvents: 1_000 }),
  redisStreams(createCluster({ rootNodes: [{ url: "redis://localhost:7000" }] }), { stream: "market" }),
  redisStreams(createSentinel({ name: "main", sentinelRootNodes: [] }), { stream: "market" }),
  redisStreams(new Cluster([{ host: "localhost", port: 7_000 }]), { stream: "market" }),
];

/** An open database is of a library that each runtime has in its own way. */
export function kept(database: SqliteDatabase): SqliteLog {
  const log = sqliteLog(database, { table: "market", durability: "full", maxBytes: 100_000_000 });
  log.publishIn(database, { event: "price", topic: "acme", data: { amount: 1 } });
  console.log(sqliteStore("./streams.db").name);
  return log;
}

const sql = postgres("postgres://localhost/app");
const orders: PostgresLog = postgresLog(sql, { table: "orders", migrate: true });
engines.push(orders, postgresLog(new Pool(), { table: "orders", listen: false }));

export async function order(pool: Pool): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`SELECT 1`;
    await orders.publishIn(tx, { event: "price", data: { amount: 1 } });
  });
  const client = await pool.connect();
  await orders.publishIn(client, "hello");
  client.release();
}

export async function main(): Promise<void> {
  const stop = new AbortController();
  const serving = await serve(handle, { port: 0, hostname: "127.0.0.1", signal: stop.signal });
  console.log(serving.url, packed.size);
  await serveNode(handle, { port: 0 });
  await serving.closed;
}
