// Runs a Redis that writes all it acknowledges to a file, so that it may be killed, frozen, trimmed and flushed for real.
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, spawnRedis } from "../harness/redis.mjs";

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
    const { child, ready } = spawnRedis(options);
    this.#child = child;
    await ready;
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
