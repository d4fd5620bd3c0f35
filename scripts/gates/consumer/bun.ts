// Type-checked against the installed package under Bun's types: what only Bun has.
import { type Backplane, Broadcaster } from "tidings";
import { Database } from "bun:sqlite";
import { postgresLog } from "tidings/postgres";
import { redisStreams } from "tidings/redis";
import { sqliteLog } from "tidings/sqlite";
import { handle } from "./web.ts";

const market = new Broadcaster();

export const backplane: Backplane = redisStreams(new Bun.RedisClient(), { stream: "market" });
export const log: Backplane = sqliteLog(new Database("events.db"));
export const orders: Backplane = postgresLog(new Bun.SQL("postgres://localhost/app"), { table: "orders" });
export const server: Bun.Server<undefined> = Bun.serve({
  fetch: (request) => new URL(request.url).pathname === "/feed" ? market.subscribe(request) : handle(request),
});
