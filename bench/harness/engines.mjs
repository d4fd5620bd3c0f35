/** Starts the engine that a contender publishes through, for one run, and says where it is. */
import { startNats } from "./nats.mjs";
import { startPostgres } from "./postgres.mjs";
import { startRedis } from "./redis.mjs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const onRedis = async (options) => {
  const { port, stop } = await startRedis(options);
  return { address: `redis://127.0.0.1:${port}`, stop };
};

const ENGINES = {
  redis: () => onRedis(),
  // What is acknowledged is on the disk a second later: the nearest that Redis has to SQLite's "normal".
  "redis everysec": () => onRedis({ appendonly: "yes", appendfsync: "everysec" }),
  nats: startNats,
  "sqlite normal": startFile,
  "sqlite full": startFile,
  postgres: startPostgres,
};

/**
 * @param {keyof typeof ENGINES} name
 * @returns {Promise<{ address: string, stop(): Promise<void> }>}
 */
export function startEngine(name) {
  return ENGINES[name]();
}

/** A folder for a database: there is no server to start. */
function startFile() {
  const folder = mkdtempSync(join(tmpdir(), "tidings-bench-sqlite-"));
  return Promise.resolve({
    address: join(folder, "events.db"),
    stop: () => Promise.resolve(rmSync(folder, { recursive: true, force: true })),
  });
}
