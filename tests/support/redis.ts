/**
 * Runs a Redis server of one's own, to be killed, frozen, restarted and failed over for real.
 *
 * @module
 */

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { PATIENCE, until, within } from "./wait.ts";

/** Why tests with Redis cannot run here; false if they can. On a CI machine they have to. */
export const noRedis: string | false = (() => {
  const { status } = spawnSync("redis-server", ["--version"], { stdio: "ignore" });
  if (status === 0) return false;
  if (process.env.CI) throw new Error("redis-server does not start. On Debian: apt-get install redis-server");
  return "redis-server is not installed";
})();

// Each look at a server is a process of its own.
const PAUSE = 20;

export interface RedisServerOptions {
  /**
   * Writes every command to a file before it is acknowledged, so that a restart loses nothing. Default: nothing is ever
   * saved.
   */
  readonly appendOnly?: boolean;
  /** The port of the server that it copies. */
  readonly replicaOf?: number;
  readonly password?: string;
  /** More of redis-server's own arguments. */
  readonly args?: readonly string[];
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class RedisServer {
  readonly port: number;
  readonly url: string;
  readonly #folder: string;
  readonly #options: RedisServerOptions;
  #child: ChildProcess | undefined;

  private constructor(port: number, options: RedisServerOptions) {
    this.port = port;
    this.#options = options;
    const user = options.password === undefined ? "" : `:${options.password}@`;
    this.url = `redis://${user}127.0.0.1:${port}`;
    this.#folder = mkdtempSync(join(tmpdir(), "tidings-redis-"));
  }

  /** Starts a server on a free port. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.run();
    return server;
  }

  /** A server that is not running yet, on a port that is free so far. */
  static async absent(options: RedisServerOptions = {}): Promise<RedisServer> {
    return new RedisServer(await freePort(), options);
  }

  /** Starts it, for the first time or once more, at the same port and with what it saved. */
  async run(): Promise<void> {
    const { appendOnly = false, replicaOf, password, args = [] } = this.#options;
    const child = spawn("redis-server", [
      ...["--port", `${this.port}`, "--bind", "127.0.0.1", "--dir", this.#folder, "--save", ""],
      // By default Redis puts writing off, and acknowledges all the same, while a slow disk is being synced.
      ...["--appendonly", appendOnly ? "yes" : "no", "--appendfsync", "always"],
      ...["--repl-diskless-sync-delay", "0"],
      ...(replicaOf === undefined ? [] : ["--replicaof", "127.0.0.1", `${replicaOf}`]),
      ...(password === undefined ? [] : ["--requirepass", password]),
      ...args,
    ], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    running.add(child);
    let said = "";
    await within(
      new Promise<void>((resolve, reject) => {
        child.stdout!.on("data", (chunk: unknown) => {
          said += String(chunk);
          if (said.includes("Ready to accept connections")) resolve();
        });
        child.stderr!.on("data", (chunk: unknown) => said += String(chunk));
        child.once("error", reject);
        child.once("exit", () => {
          running.delete(child);
          reject(new Error(`redis-server ended:\n${said}`));
        });
      }),
      "redis-server is ready",
    );
    if (replicaOf !== undefined) await this.synchronised();
  }

  /** Waits until it has copied its primary. */
  async synchronised(): Promise<void> {
    await this.replicates(/master_link_status:up/, "the replica has copied its primary");
  }

  /**
   * Waits until it has all that its primary wrote until now. A copy that has just been made is not enough: the primary goes
   * on only when it has heard of it.
   */
  async caughtUp(primary: RedisServer): Promise<void> {
    const offset = async (server: RedisServer, name: string) =>
      Number(new RegExp(`${name}:(\\d+)`).exec(await server.command("INFO", "replication"))![1]);
    const written = await offset(primary, "master_repl_offset");
    await until(
      async () => await offset(this, "slave_repl_offset") >= written,
      "the replica has what its primary wrote",
      PATIENCE,
      PAUSE,
    );
  }

  /** Waits until it says this of its replication. */
  async replicates(said: RegExp, what: string): Promise<void> {
    const holds = async () => said.test(await this.command("INFO", "replication"));
    await until(holds, what, PATIENCE, PAUSE);
  }

  /** Whether it was started, and not killed since. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await within(gone, "redis-server is gone");
  }

  /** Stops it in its tracks: connections are accepted, and nothing is answered. */
  freeze(): void {
    process.kill(this.#child!.pid!, "SIGSTOP");
  }

  thaw(): void {
    // Deno's own kill() signals a child only once.
    process.kill(this.#child!.pid!, "SIGCONT");
  }

  /** Runs a command with redis-cli, and gives what that prints. */
  command(...args: string[]): Promise<string> {
    const { password } = this.#options;
    const auth = password === undefined ? [] : ["--no-auth-warning", "-a", password];
    return new Promise((resolve, reject) => {
      execFile(
        "redis-cli",
        ["-e", "-p", `${this.port}`, ...auth, ...args],
        { timeout: 10_000, maxBuffer: 64 << 20 },
        (error, stdout, stderr) =>
          error ? reject(new Error(`${stdout}${stderr}`, { cause: error })) : resolve(stdout.trim()),
      );
    });
  }

  /** Breaks every connection, of publishers and of readers. */
  async disconnect(): Promise<void> {
    await this.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
  }

  /** How many connections there are, without the one that asks. */
  async connections(): Promise<number> {
    return (await this.command("CLIENT", "LIST", "TYPE", "normal")).split("\n").length - 1;
  }

  /** How often each command was called since the start, or since `CONFIG RESETSTAT`. */
  async calls(): Promise<Record<string, number>> {
    const lines = await this.command("INFO", "commandstats");
    return Object.fromEntries(
      [...lines.matchAll(/cmdstat_([a-z|]+):calls=(\d+)/g)].map(([, name, calls]) => [name!, Number(calls)]),
    );
  }

  /** Ends it, and leaves nothing behind. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
