/** Starts Redis servers: for one run in memory only, or as somebody wants it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import process from "node:process";
import { join } from "node:path";

/**
 * @param {Record<string, string>} settings beside those that keep it in memory
 * @returns {Promise<{ port: number, stop(): Promise<void> }>}
 */
export async function startRedis(settings = {}) {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "tidings-bench-redis-"));
  const options = { port, bind: "127.0.0.1", dir: folder, save: "", appendonly: "no", ...settings };
  const { child, ready } = spawnRedis(options);
  // Whoever breaks a run off must not leave it behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const gone = once(child, "close").finally(() => {
    process.off("exit", kill);
    rmSync(folder, { recursive: true, force: true });
  });
  await ready;
  return {
    port,
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

/** Runs `redis-server` with these settings; `ready` resolves when it takes connections. */
export function spawnRedis(settings) {
  const child = spawn(
    "redis-server",
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]),
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const ready = new Promise((resolve, reject) => {
    child.once("error", () => reject(new Error("redis-server cannot be started: is it installed?")));
    child.once("close", (code) => reject(new Error(`redis-server ended with code ${code}`)));
    child.stdout.on("data", (chunk) => `${chunk}`.includes("Ready to accept connections") && resolve());
  });
  return { child, ready };
}

/** None of the ports that outgoing connections are given: one that tries again and again might connect to itself. */
export async function freePort() {
  for (;;) {
    const server = createServer().listen(20_000 + Math.floor(Math.random() * 12_000), "127.0.0.1");
    const { port } = await once(server, "listening").then(() => server.address(), () => ({}));
    if (port === undefined) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
