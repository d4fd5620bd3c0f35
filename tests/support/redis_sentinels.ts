/**
 * Runs a Redis with a replica and three sentinels, which promote the replica when the primary dies.
 *
 * @module
 */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { RedisServer } from "./redis.ts";
import { PATIENCE, sleep, within } from "./wait.ts";

/** By what name the sentinels know the primary. */
export const PRIMARY = "main";

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class RedisSentinels {
  /** The primary first, when it begins. */
  readonly servers: readonly RedisServer[];
  /** The ports of the sentinels. */
  readonly ports: number[] = [];
  readonly #children: ChildProcess[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "tidings-sentinels-"));

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  /** Starts all, and waits until the sentinels know each other and the replica. */
  static async start(): Promise<RedisSentinels> {
    const args = ["--repl-ping-replica-period", "1"];
    const primary = await RedisServer.start({ args });
    const replica = await RedisServer.start({ args, replicaOf: primary.port });
    const sentinels = new RedisSentinels([primary, replica]);
    try {
      for (let i = 0; i < 3; i++) await sentinels.#add(primary.port);
      // They ask the servers how they are every 10 seconds otherwise, and a test would wait for that. And a machine that held
      // them up for 2 seconds would let them do nothing for the next 30.
      const hurry = ["info-period", "500", "tilt-trigger", "60000"];
      await sentinels.#until(
        "are there",
        async (port) => (await command(port, "SENTINEL", "DEBUG", ...hurry)) === "OK",
      );
      await sentinels.healthy();
      return sentinels;
    } catch (error) {
      await sentinels.stop();
      throw error;
    }
  }

  /** Waits until all sentinels see the primary, the replica and each other. */
  async healthy(): Promise<void> {
    await this.#until("know all", async (port) => {
      const said = (await command(port, "SENTINEL", "MASTER", PRIMARY)).split("\n");
      const fact = (name: string) => said[said.indexOf(name) + 1];
      const replicas = (await command(port, "SENTINEL", "REPLICAS", PRIMARY)).split("\n");
      return fact("flags") === "master" && fact("num-other-sentinels") === "2" &&
        fact("num-slaves") === "1" &&
        replicas[replicas.indexOf("flags") + 1] === "slave" && replicas.includes("ok");
    });
  }

  /** The primary, as the sentinels have it. */
  async #primary(): Promise<RedisServer> {
    const said = await command(this.ports[0]!, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", PRIMARY);
    const port = Number(said.split("\n")[1]);
    return this.servers.find((each) => each.port === port)!;
  }

  /**
   * Starts or thaws what the last test left, and says which server is which. One that was killed becomes the replica of the
   * one that took its place.
   */
  async whole(): Promise<{ readonly primary: RedisServer; readonly replica: RedisServer }> {
    for (const server of this.servers) {
      if (server.isRunning) server.thaw();
      else await server.run();
    }
    const primary = await this.#primary();
    const replica = this.servers.find((each) => each !== primary)!;
    // The sentinels would see to it themselves, mostly not before it has been a primary for some 10 seconds. One that does so
    // at this very moment ends all other connections: then it is said once more.
    const follow = () => replica.command("REPLICAOF", "127.0.0.1", `${primary.port}`);
    await follow().catch(follow);
    await replica.synchronised();
    await this.healthy();
    return { primary, replica };
  }

  /** Waits until all sentinels name this server as the primary. */
  async promoted(server: RedisServer): Promise<void> {
    await this.#until("name the new primary", async (port) => {
      const said = await command(port, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", PRIMARY);
      return said.split("\n")[1] === `${server.port}`;
    });
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      if (running.has(child)) {
        child.kill("SIGKILL");
        await within(gone, "a sentinel is gone");
      }
    }
    for (const server of this.servers) await server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #add(primary: number): Promise<void> {
    const port = await freePort();
    // It keeps in this file what it learns.
    const file = join(this.#folder, `${port}.conf`);
    const lines = [
      `port ${port}`,
      "bind 127.0.0.1",
      `dir ${this.#folder}`,
      `sentinel monitor ${PRIMARY} 127.0.0.1 ${primary} 2`,
      `sentinel down-after-milliseconds ${PRIMARY} 1000`,
      `sentinel failover-timeout ${PRIMARY} 1000`,
    ];
    writeFileSync(file, lines.join("\n"));
    const child = spawn("redis-server", [file, "--sentinel"], { stdio: "ignore" });
    running.add(child);
    child.once("exit", () => running.delete(child));
    this.#children.push(child);
    this.ports.push(port);
  }

  async #until(what: string, holds: (port: number) => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 2 * PATIENCE;
    for (const port of this.ports) {
      while (!await holds(port).catch(() => false)) {
        if (performance.now() > deadline) throw new Error(`It did not come to this: the sentinels ${what}`);
        await sleep(50);
      }
    }
  }
}

function command(port: number, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("redis-cli", ["-e", "-p", `${port}`, ...args], { timeout: 10_000 }, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout.trim());
    });
  });
}
