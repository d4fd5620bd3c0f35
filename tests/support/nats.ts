/**
 * Runs a NATS server with JetStream of one's own, to be killed, frozen, restarted and set back for real.
 *
 * @module
 */

import { jetstream, type JetStreamClient, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { sleep, within } from "./wait.ts";

/** Why tests with NATS cannot run here; false if they can. On a CI machine they have to. */
export const noNats: string | false = (() => {
  const { status } = spawnSync("nats-server", ["--version"], { stdio: "ignore" });
  if (status === 0) return false;
  if (process.env.CI) throw new Error("nats-server does not start. On Debian: apt-get install nats-server");
  return "nats-server is not installed";
})();

export interface NatsServerOptions {
  /** Bytes that all streams on disk may take. Default: what the disk has. */
  readonly storage?: number;
  /** More of the configuration, in its own language. */
  readonly configuration?: string;
}

// How long a client waits for an answer, in milliseconds: for a server whose disk has others to serve, and yet less than the
// library gives a call, so that it is the client that tells.
const ANSWER = 4_000;

const running = new Set<ChildProcess>();
const folders = new Set<string>();
process.on("exit", () => {
  for (const { pid } of running) process.kill(pid!, "SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export class NatsServer {
  readonly port: number;
  readonly #folder: string;
  readonly #options: NatsServerOptions;
  #child: ChildProcess | undefined;

  private constructor(port: number, options: NatsServerOptions) {
    this.port = port;
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "tidings-nats-"));
    folders.add(this.#folder);
  }

  /** Starts a server on a free port. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = await NatsServer.absent(options);
    await server.run();
    return server;
  }

  /** A server that is not running yet, on a port that is free so far. */
  static async absent(options: NatsServerOptions = {}): Promise<NatsServer> {
    return new NatsServer(await freePort(), options);
  }

  /** Starts it, for the first time or once more, at the same port and with what it stored. */
  async run(): Promise<void> {
    const { storage, configuration = "" } = this.#options;
    const limit = storage === undefined ? "" : `, max_file_store: ${storage}`;
    const file = join(this.#folder, "nats.conf");
    writeFileSync(
      file,
      `listen: "127.0.0.1:${this.port}"\njetstream { store_dir: "${this.#store}"${limit} }\n${configuration}\n`,
    );
    const child = spawn("nats-server", ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    running.add(child);
    let said = "";
    await within(
      new Promise<void>((resolve, reject) => {
        child.stderr!.on("data", (chunk: unknown) => {
          said += String(chunk);
          if (said.includes("Server is ready")) resolve();
        });
        child.once("error", reject);
        child.once("exit", () => {
          running.delete(child);
          reject(new Error(`nats-server ended:\n${said}`));
        });
      }),
      "nats-server is ready",
    );
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    process.kill(child.pid!, "SIGKILL");
    await within(gone, "nats-server is gone");
  }

  /** Stops it in its tracks: connections are accepted, and nothing is answered. */
  async freeze(): Promise<void> {
    // Deno's children take one signal each.
    process.kill(this.#child!.pid!, "SIGSTOP");
    // Its threads stop one after the other.
    await sleep(100);
  }

  thaw(): void {
    process.kill(this.#child!.pid!, "SIGCONT");
  }

  /** Remembers what is on the disk. The server must be down. */
  saveStore(): void {
    rmSync(`${this.#store}-saved`, { recursive: true, force: true });
    cpSync(this.#store, `${this.#store}-saved`, { recursive: true });
  }

  /** Sets the disk back to what was remembered: what was acknowledged since is lost. The server must be down. */
  restoreStore(): void {
    rmSync(this.#store, { recursive: true, force: true });
    cpSync(`${this.#store}-saved`, this.#store, { recursive: true });
  }

  /** Connects a client, which never gives up. `options` are its own. */
  connect(options: NodeConnectionOptions = {}): Promise<NatsClient> {
    return NatsClient.open({ port: this.port, ...options });
  }

  /** Ends it, and leaves nothing behind. */
  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
    folders.delete(this.#folder);
  }

  get #store(): string {
    return join(this.#folder, "store");
  }
}

/** A connection, and what is made of it. */
export class NatsClient {
  readonly connection: NatsConnection;
  readonly client: JetStreamClient;

  private constructor(connection: NatsConnection) {
    this.connection = connection;
    this.client = jetstream(connection, { timeout: ANSWER });
  }

  static async open(options: NodeConnectionOptions): Promise<NatsClient> {
    return new NatsClient(
      await connect({
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
        reconnectJitter: 0,
        pingInterval: 1_000,
        // A handshake that is cut off half-way is given up after this only.
        timeout: 1_000,
        ...options,
      }),
    );
  }

  manager(): Promise<JetStreamManager> {
    return jetstreamManager(this.connection, { checkAPI: false, timeout: ANSWER });
  }

  /** How many consumers a stream has. */
  async consumers(stream: string): Promise<number> {
    let count = 0;
    for await (const _ of (await this.manager()).consumers.list(stream)) count++;
    return count;
  }

  async close(): Promise<void> {
    await this.connection.close();
  }
}
