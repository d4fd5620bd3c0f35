/**
 * Opens the Postgres clients that people have, as they make them.
 *
 * @module
 */

import pg from "pg";
import postgres from "postgres";
import type { PostgresClient, PostgresTransaction } from "../../lib/postgres/mod.ts";
import { runtime } from "./runtime.ts";

export interface OpenClient {
  readonly client: PostgresClient;
  /** Runs something within a transaction, and rolls that back if it throws. */
  transact(run: (tx: PostgresTransaction) => Promise<unknown>): Promise<void>;
  /** Opens all connections that the client may have of its own, so that later ones are somebody else's. */
  warm(): Promise<void>;
  close(): Promise<void>;
}

export interface ClientKind {
  readonly name: string;
  /** Makes a client. It connects by itself, also later, if the server is not there yet. */
  open(url: string): OpenClient;
}

/** Connections of a pool. */
const POOL = 6;

const nodePostgres: ClientKind = {
  name: "pg",
  open(url) {
    const pool = new pg.Pool({ connectionString: url, max: POOL });
    pool.on("error", () => {});
    // While one is lent its errors are not the pool's.
    pool.on("connect", (client) => client.on("error", () => {}));
    return {
      client: pool,
      async transact(run) {
        const client = await pool.connect();
        try {
          await client.query("BEGIN");
          await run(client);
          await client.query("COMMIT");
        } catch (error) {
          await client.query("ROLLBACK");
          throw error;
        } finally {
          client.release();
        }
      },
      warm: () => Promise.resolve(),
      close: () => pool.end(),
    };
  },
};

/** What `postgres` and Bun have in common. */
interface Sql {
  unsafe(text: string): PromiseLike<unknown>;
  begin(run: (tx: never) => Promise<unknown>): Promise<unknown>;
  listen(channel: string, heard: () => void): Promise<unknown>;
}

const warm = async (sql: Sql) => {
  await Promise.all(Array.from({ length: POOL }, () => sql.unsafe("SELECT pg_sleep(0.2)")));
  await sql.listen("warm", () => {});
};

const porsager: ClientKind = {
  name: "postgres",
  open(url) {
    // With "fetch_types" it asks something of its own when it has connected, and where the connection breaks just then,
    // that rejects with nobody to notice, or the connection is never used.
    const sql = postgres(url, { max: POOL, onnotice: () => {}, backoff: () => 0.1, fetch_types: false });
    return {
      client: sql,
      transact: async (run) => void await sql.begin((tx) => run(tx)),
      warm: () => warm(sql as unknown as Sql),
      close: () => sql.end({ timeout: 1 }),
    };
  },
};

type BunClient = PostgresClient & Sql & { close(options: { timeout: number }): Promise<void> };

const bun: ClientKind = {
  name: "Bun.sql",
  open(url) {
    // Deno, which checks this file too, knows no types of Bun's.
    const { Bun } = globalThis as unknown as {
      Bun: { SQL: new (url: string, options: { max: number }) => BunClient };
    };
    const sql = new Bun.SQL(url, { max: POOL });
    return {
      client: sql,
      transact: async (run) => void await sql.begin((tx: PostgresTransaction) => run(tx)),
      warm: () => warm(sql),
      close: () => sql.close({ timeout: 0 }),
    };
  },
};

/** Those that run here. */
export const clientKinds: readonly ClientKind[] = [
  nodePostgres,
  porsager,
  ...(runtime === "bun" ? [bun] : []),
];
