/** Starts a Redis for one run: on a free port, in memory only. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** @returns {Promise<{ port: number, stop(): Promise<void> }>} */
export async function startRedis() {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "tidings-bench-redis-"));
  const options = { port, bind: "127.0.0.1", dir: folder, save: "", appendonly: "no" };
  const child = spawn(
    "redis-server",
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]),
    {
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const gone = once(child, "close").finally(() => rmSync(folder, { recursive: true, force: true }));
  await new Promise((resolve, reject) => {
    child.once("error", () => reject(new Error("redis-server cannot be started: is it installed?")));
    child.once("close", (code) => reject(new Error(`redis-server ended with code ${code}`)));
    child.stdout.on("data", (chunk) => `${chunk}`.includes("Ready to accept connections") && resolve());
  });
  return {
    port,
    async stop() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
