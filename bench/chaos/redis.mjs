// Runs a Redis that writes all it acknowledges to a file, so that it may be killed, frozen, trimmed and flushed for real.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export class ChaosRedis {
  #child;
  #port;
  #folder = mkdtempSync(join(tmpdir(), "tidings-chaos-"));

  static async start() {
    const redis = new ChaosRedis();
    redis.#port = await freePort();
    await redis.run();
    return redis;
  }

  get url() {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Starts it, also once more: at the same port, with what it wrote. */
  async run() {
    const options = {
      ...{ port: this.#port, bind: "127.0.0.1", dir: this.#folder, save: "" },
      // What is acknowledged is in the file.
      ...{ appendonly: "yes", appendfsync: "always" },
    };
    const child = this.#child = spawn(
      "redis-server",
      Object.entries(options).flatMap(([name, value]) => [`--${name}`, `${value}`]),
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    await new Promise((resolve, reject) => {
      child.once("error", () => reject(new Error("redis-server cannot be started: is it installed?")));
      child.once("close", (code) => reject(new Error(`redis-server ended with code ${code}`)));
      child.stdout.on("data", (chunk) => `${chunk}`.includes("Ready to accept connections") && resolve());
    });
  }

  /** kill -9. */
  async kill() {
    const gone = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await gone;
  }

  freeze() {
    this.#child.kill("SIGSTOP");
  }

  thaw() {
    this.#child.kill("SIGCONT");
  }

  async command(...args) {
    const { stdout } = await promisify(execFile)("redis-cli", ["-e", "-p", `${this.#port}`, ...args], {
      timeout: 10_000,
      maxBuffer: 64 << 20,
    });
    return stdout.trim();
  }

  /** At the end of the whole process, however it comes. */
  destroy() {
    this.#child?.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** None of the ports that outgoing connections are given: one that tries again and again might connect to itself. */
async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await Promise.race([
      once(server, "listening").then(() => true),
      once(server, "error").then(() => false, () => false),
    ]).catch(() => false);
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
