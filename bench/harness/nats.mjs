/** Starts a NATS server with JetStream on the disk, for one run. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./redis.mjs";
import { runProgram } from "./program.mjs";

/** @returns {Promise<{ address: string, stop(): Promise<void> }>} */
export async function startNats() {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "tidings-bench-nats-"));
  const file = join(folder, "nats.conf");
  writeFileSync(file, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${join(folder, "store")}" }\n`);
  const stop = await runProgram(["nats-server", "-c", file], { ready: "Server is ready", signal: "SIGKILL" });
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
