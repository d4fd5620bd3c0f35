/**
 * Runs `tidings hub` by its sources, as a process of its own.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { ISSUER, SECRET, URL_OF_HUB } from "./hub.ts";
import { runArguments } from "./runtime.ts";
import { until } from "./wait.ts";

/** The module that runs the package's commands. */
export const COMMAND: URL = new URL("../../lib/cli/mod.ts", import.meta.url);

// A runtime that starts beside many others takes its time.
const START = 60_000;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export class HubProcess {
  readonly origin: string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  readonly #said: () => string;

  private constructor(
    child: ChildProcess,
    { origin, ended, said }: { origin: string; ended: Promise<number | string>; said: () => string },
  ) {
    this.#child = child;
    this.origin = origin;
    this.ended = ended;
    this.#said = said;
  }

  /**
   * Starts a hub that takes tokens of {@linkcode ISSUER} and readers without one, on a free port, and waits until it says where
   * it is.
   */
  static start(args: readonly string[], env: Record<string, string> = {}): Promise<HubProcess> {
    return HubProcess.startBare(["--anonymous", ...args], {
      TIDINGS_URL: URL_OF_HUB,
      TIDINGS_JWT_ISSUER: ISSUER,
      ...env,
    });
  }

  /** Starts a hub with {@linkcode SECRET} and these settings: on 127.0.0.1, and on a free port unless there is one among them. */
  static async startBare(args: readonly string[], env: Record<string, string>): Promise<HubProcess> {
    const child = spawn(
      process.execPath,
      [...runArguments, fileURLToPath(COMMAND), "hub", "--port", "0", ...args],
      {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NO_COLOR: "1", HOST: "127.0.0.1", TIDINGS_JWT_SECRET: SECRET, ...env },
      },
    );
    running.add(child);
    let text = "";
    let isOver = false;
    const ended = new Promise<number | string>((resolve) =>
      child.once("close", (code, signal) => {
        running.delete(child);
        isOver = true;
        resolve(code ?? signal ?? "");
      })
    );
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on("data", (chunk: unknown) => text += String(chunk));
    }
    const origin = () => /tidings hub at (http:\/\/\S+)\//.exec(text)?.[1];
    await until(() => origin() !== undefined || isOver, "the address of the hub", START);
    if (origin() === undefined) throw new Error(`The hub ended: ${text}`);
    return new HubProcess(child, { origin: origin()!, ended, said: () => text });
  }

  /** All that it printed. */
  get text(): string {
    return this.#said();
  }

  /** The lines of JSON that it printed. */
  lines(): Record<string, unknown>[] {
    return this.text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  }

  get address(): string {
    return `${this.origin}/.well-known/mercure`;
  }

  /** Waits until it can publish. */
  async untilReady(): Promise<void> {
    await untilTrue(() => this.isReady(), "its readiness");
  }

  async isReady(): Promise<boolean> {
    const response = await fetch(`${this.origin}/readyz`);
    await response.text();
    return response.ok;
  }

  /** Posts an update, whose id is what comes back. */
  async publish(token: string, fields: Record<string, string>): Promise<string> {
    const response = await fetch(this.address, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: new URLSearchParams(fields),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The hub answered ${response.status}: ${text}`);
    return text;
  }

  /** Sends a signal, once to each process: Deno's own `kill()` then reports it in place of the exit code. */
  signal(name: NodeJS.Signals): void {
    try {
      process.kill(this.#child.pid!, name);
    } catch {
      // It has ended.
    }
  }

  /** Ends it at once, and waits until it has ended. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.ended;
  }
}

/** Waits until something that has to be asked for holds. */
export async function untilTrue(
  holds: () => boolean | Promise<boolean>,
  what: string,
  ms: number = START,
): Promise<void> {
  const deadline = performance.now() + ms;
  while (!await Promise.resolve().then(holds).catch(() => false)) {
    if (performance.now() > deadline) throw new Error(`In ${ms} ms it did not come to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
