/**
 * Runs a program in workerd, the runtime of Cloudflare Workers, with a socket of its own.
 *
 * @module
 */

import { build } from "esbuild";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runtime } from "./runtime.ts";
import { PATIENCE, within } from "./wait.ts";

const path = (() => {
  try {
    return createRequire(import.meta.url).resolve("workerd/bin/workerd");
  } catch {
    return undefined;
  }
})();

/** Why tests in workerd cannot run here; false if they can. On a CI machine they have to, started from Node. */
export const noWorkerd: string | false = (() => {
  // The program under test is the same one, whoever starts it.
  if (runtime !== "node") return "workerd is driven from Node";
  if (path !== undefined && existsSync(path)) return false;
  if (process.env["CI"]) throw new Error('workerd is not installed: run "npm ci", or "npm rebuild workerd"');
  return "workerd is not installed";
})();

export interface WorkerdOptions {
  /** Compatibility flags beside those that the date brings. */
  readonly flags?: readonly string[];
  readonly compatibilityDate?: string;
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class Workerd {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #output: () => string;

  private constructor(child: ChildProcess, port: number, folder: string, output: () => string) {
    this.#child = child;
    this.port = port;
    this.#folder = folder;
    this.#output = output;
  }

  /** Bundles `tests/support/fixtures/<name>`, whose class `Room` is a Durable Object bound as `ROOM`, and serves it. */
  static async start(name: string, options: WorkerdOptions = {}): Promise<Workerd> {
    const { flags = [], compatibilityDate = "2026-11-01" } = options;
    const folder = mkdtempSync(join(tmpdir(), "tidings-workerd-"));
    await build({
      entryPoints: [fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url))],
      outfile: join(folder, "worker.js"),
      bundle: true,
      format: "esm",
      // As the package is built: a runtime's module would fail here.
      platform: "neutral",
      target: "es2022",
      logLevel: "silent",
    });
    const config = join(folder, "config.capnp");
    writeFileSync(config, configuration(compatibilityDate, flags));
    const child = spawn(path!, ["serve", config, "--control-fd=3"], {
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    running.add(child);
    let output = "";
    child.stdout!.on("data", (chunk: unknown) => output += String(chunk));
    child.stderr!.on("data", (chunk: unknown) => output += String(chunk));
    const listening = new Promise<number>((resolve, reject) => {
      let control = "";
      child.stdio[3]!.on("data", (chunk: unknown) => {
        control += String(chunk);
        const port = /"event":"listen".*?"port":(\d+)/.exec(control)?.[1];
        if (port !== undefined) resolve(Number(port));
      });
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`workerd ended with ${code}:\n${output}`)));
    });
    const port = await within(listening, "workerd listens", PATIENCE);
    return new Workerd(child, port, folder, () => output);
  }

  /** What workerd and the program printed. */
  get output(): string {
    return this.#output();
  }

  /** Asks the program something, and gives its answer. */
  async ask(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`, {
      signal: AbortSignal.timeout(PATIENCE),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text}`);
    return text;
  }

  /** At once: asked kindly, workerd would wait for clients whose departure it has not noticed. */
  async stop(): Promise<void> {
    const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
    this.#child.kill("SIGKILL");
    await exited;
    running.delete(this.#child);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function configuration(date: string, flags: readonly string[]): string {
  return `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .program)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const program :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${date}",
  compatibilityFlags = [${flags.map((flag) => `"${flag}"`).join(", ")}],
  durableObjectNamespaces = [(className = "Room", uniqueKey = "room")],
  durableObjectStorage = (inMemory = void),
  bindings = [(name = "ROOM", durableObjectNamespace = "Room")],
);
`;
}
