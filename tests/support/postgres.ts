/**
 * Runs a Postgres server of one's own, to be killed, frozen, restarted and restored for real.
 *
 * @module
 */

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { isThere } from "./processes.ts";
import { PATIENCE, sleep, within } from "./wait.ts";

/** Where Debian puts the programs of the newest version that is installed; elsewhere they are on the path. */
const PROGRAMS = (() => {
  const root = "/usr/lib/postgresql";
  try {
    const versions = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    return versions.length === 0 ? "" : join(root, versions[0]!, "bin");
  } catch {
    return "";
  }
})();

/** Why tests with Postgres cannot run here; false if they can. On a CI machine they have to. */
export const noPostgres: string | false = (() => {
  const { status } = spawnSync(join(PROGRAMS, "postgres"), ["--version"], { stdio: "ignore" });
  if (status === 0) return false;
  if (process.env.CI) throw new Error("postgres does not start. On Debian: apt-get install postgresql");
  return "postgresql is not installed";
})();

/** Postgres refuses to run as root: it is given the user who owns nothing. */
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;

export interface PostgresServerOptions {
  /** Whether an acknowledged commit outlives a loss of power. Default: false; `kill -9` it outlives in any case. */
  readonly fsync?: boolean;
  /** More settings, `max_connections=10` for instance. */
  readonly settings?: readonly string[];
}

/** Those that run, and where their data are. */
const running = new Map<ChildProcess, string>();
process.on("exit", () => {
  for (const [child, data] of running) {
    for (const pid of family(child.pid!)) signal(pid, "SIGKILL");
    forget(data);
  }
});

export class PostgresServer {
  readonly port: number;
  /** Of the superuser; another role's is made by {@linkcode PostgresServer.urlOf}. */
  readonly url: string;
  readonly #folder: string;
  readonly #options: PostgresServerOptions;
  #child: ChildProcess | undefined;

  private constructor(port: number, options: PostgresServerOptions) {
    this.port = port;
    this.url = this.urlOf("postgres");
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), "tidings-postgres-"));
    if (isRoot) chownSync(this.#folder, NOBODY, NOBODY);
    chmodSync(this.#folder, 0o700);
  }

  /** Starts a server on a free port. */
  static async start(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    const server = new PostgresServer(await freePort(), options);
    await server.begin();
    return server;
  }

  /** Starts it with nothing. */
  async begin(): Promise<void> {
    await this.kill();
    forget(this.#data);
    await this.#program("initdb", [
      ...["-D", this.#data, "-U", "postgres", "-A", "trust", "-E", "UTF8"],
      ...["--locale=C", "--no-sync", "--no-instructions"],
    ]);
    await this.run();
  }

  /** Who runs it, by the number. */
  get user(): number {
    return isRoot ? NOBODY : process.getuid?.() ?? 0;
  }

  get #data(): string {
    return join(this.#folder, "data");
  }

  urlOf(role: string, port: number = this.port): string {
    return `postgres://${role}@127.0.0.1:${port}/postgres`;
  }

  /** Starts it, for the first time or once more, at the same port and with what it kept. */
  async run(): Promise<void> {
    const { fsync = false, settings = [] } = this.#options;
    const all = [
      `port=${this.port}`,
      "listen_addresses=127.0.0.1",
      "unix_socket_directories=",
      `fsync=${fsync ? "on" : "off"}`,
      "max_connections=200",
      "shared_buffers=32MB",
      ...settings,
    ];
    const [program, args] = unprivileged("postgres", [
      ...["-D", this.#data],
      ...all.flatMap((setting) => ["-c", setting]),
    ]);
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], cwd: this.#folder });
    this.#child = child;
    running.set(child, this.#data);
    let said = "";
    await within(
      new Promise<void>((resolve, reject) => {
        child.stderr!.on("data", (chunk: unknown) => {
          said = (said + String(chunk)).slice(-10_000);
          // A standby says "read-only" in between, and before version 14 "read only".
          if (/ready to accept (read.only )?connections/.test(said)) resolve();
        });
        child.once("error", reject);
        child.once("exit", () => {
          running.delete(child);
          reject(new Error(`postgres ended:\n${said}`));
        });
      }),
      "postgres is ready",
    );
  }

  /** kill -9, of the server and of all its processes. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    const pids = family(child.pid!);
    const gone = new Promise((resolve) => child.once("exit", resolve));
    for (const pid of pids) signal(pid, "SIGKILL");
    await within(gone, "postgres is gone");
    // While one of them is left the memory that they share is, and the server would not start.
    for (const deadline = performance.now() + PATIENCE; pids.some(isThere); await sleep(10)) {
      if (performance.now() > deadline) throw new Error("Processes of postgres are left");
    }
  }

  /** Stops it in its tracks: connections are accepted, and nothing is answered. */
  freeze(): void {
    for (const pid of family(this.#child!.pid!)) signal(pid, "SIGSTOP");
  }

  thaw(): void {
    for (const pid of family(this.#child!.pid!)) signal(pid, "SIGCONT");
  }

  /** Runs statements as the superuser, and gives what psql prints: a line a row, with `|` between columns. */
  async command(sql: string): Promise<string> {
    return await this.#program("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", this.url, "-c", sql]);
  }

  /** Breaks every connection but the one that does so. */
  async disconnect(): Promise<void> {
    await this.command(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`);
  }

  /** How many connections there are, without the one that asks. */
  async connections(): Promise<number> {
    return Number(
      await this.command(`SELECT count(*) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`),
    );
  }

  /** Takes a backup, as people take one of a server that runs. */
  async backUp(): Promise<void> {
    rmSync(this.#backup, { recursive: true, force: true });
    await this.#program("pg_basebackup", [
      ...["-d", this.url, "-D", this.#backup, "-c", "fast", "-X", "stream", "--no-sync"],
    ]);
  }

  /** Kills it, and starts it once more with what the last backup holds. */
  async restore(): Promise<void> {
    await this.kill();
    forget(this.#data);
    renameSync(this.#backup, this.#data);
    await this.run();
  }

  /**
   * Starts a standby on another port, which receives what this one commits over a port of its own choosing: through a relay
   * it can be made to lag.
   */
  async standby(through: number = this.port): Promise<PostgresServer> {
    const standby = new PostgresServer(await freePort(), this.#options);
    await standby.#program("pg_basebackup", [
      ...["-d", this.urlOf("postgres", through), "-D", standby.#data],
      ...["-c", "fast", "-X", "stream", "-R", "--no-sync"],
    ]);
    await standby.run();
    return standby;
  }

  /** Makes a standby the primary. */
  async promote(): Promise<void> {
    if (await this.command("SELECT pg_promote()") !== "t") throw new Error("The standby was not promoted");
  }

  /** Ends it, and leaves nothing behind. */
  async stop(): Promise<void> {
    await this.kill();
    forget(this.#data);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #backup(): string {
    return join(this.#folder, "backup");
  }

  #program(name: string, args: readonly string[]): Promise<string> {
    const [program, all] = unprivileged(name, args);
    return new Promise((resolve, reject) => {
      execFile(
        program,
        all,
        { timeout: 60_000, maxBuffer: 64 << 20, cwd: this.#folder },
        (error, stdout, stderr) =>
          error ? reject(new Error(`${stdout}${stderr}`, { cause: error })) : resolve(stdout.trim()),
      );
    });
  }
}

/** A program of Postgres', run by somebody who is not root. It keeps the process id that it was started with. */
function unprivileged(name: string, args: readonly string[]): [program: string, args: string[]] {
  const program = join(PROGRAMS, name);
  if (!isRoot) return [program, [...args]];
  return ["setpriv", [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", program, ...args]];
}

/**
 * Removes a server's data, and what it shared with its processes if it was killed: that would stay until the machine is started
 * anew, and a system has room for some thousands of these.
 */
function forget(data: string): void {
  try {
    // The seventh line is the key of the memory, and its id.
    const [, id] = readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[6]!.trim().split(/\s+/);
    if (id !== undefined) spawnSync("ipcrm", ["-m", id]);
  } catch {
    // It ended by itself, or never began.
  }
  rmSync(data, { recursive: true, force: true });
}

/** A process and its children, which for Postgres are all there are. */
function family(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
    return [pid, ...(children === "" ? [] : children.split(" ").map(Number))];
  } catch {
    return [pid];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}
