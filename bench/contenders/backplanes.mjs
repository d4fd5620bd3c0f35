/** Opens the backplane of an engine, with the client that people have for it. */
import { createRequire } from "node:module";
import process from "node:process";

const OPEN = {
  redis: overRedis,
  "redis everysec": overRedis,
  nats: overNats,
  "sqlite normal": (path) => overSqlite(path, "normal"),
  "sqlite full": (path) => overSqlite(path, "full"),
  postgres: overPostgres,
};

/** @param {{ name: string, address: string }} engine see `harness/engines.mjs` */
export function openBackplane({ name, address }) {
  return OPEN[name](address);
}

async function overRedis(url) {
  const { createClient } = await import("redis");
  const { redisStreams } = await import("../.out/tidings/lib/redis/mod.js");
  return redisStreams(await createClient({ url }).connect(), { stream: "bench" });
}

async function overNats(servers) {
  const { jetstream } = await import("@nats-io/jetstream");
  const { connect } = await import("@nats-io/transport-node");
  const { jetStream } = await import("../.out/tidings/lib/nats/mod.js");
  return jetStream(jetstream(await connect({ servers })), { stream: "bench" });
}

async function overSqlite(path, durability) {
  const { sqliteLog } = await import("../.out/tidings/lib/sqlite/mod.js");
  return sqliteLog(databaseAt(path), { durability });
}

/** A path where the runtime has SQLite itself, and otherwise a database. */
function databaseAt(path) {
  return process.getBuiltinModule?.("node:sqlite") === undefined ? openDatabase(path) : path;
}

/** A database by the runtime's own SQLite, where it has one. */
export function openDatabase(path) {
  const sqlite = process.getBuiltinModule?.("node:sqlite");
  if (sqlite !== undefined) return new sqlite.DatabaseSync(path);
  // Of Node before 22.13: better-sqlite3's binaries are for later ones, and this library has the same methods.
  const Database = createRequire(import.meta.url)("libsql");
  return new Database(path);
}

async function overPostgres(connectionString) {
  const { default: pg } = await import("pg");
  const { postgresLog } = await import("../.out/tidings/lib/postgres/mod.js");
  return postgresLog(new pg.Pool({ connectionString }), { table: "bench", migrate: true });
}
