/**
 * Runs `tidings hub` by its sources, as a process of its own.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runArguments } from "./runtime.ts";
import { PATIENCE, sleep } from "./wait.ts";

const command = fileURLToPath(new URL("../../lib/cli/mod.ts", import.meta.url));

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export interface HubProcess {
  /** Where it listens. */
  readonly origin: string;
  /** What it has printed so far. */
  text(): string;
  /** Asks it to end, and gives its exit code. */
  end(): Promise<unknown>;
  /** kill -9. */
  kill(): Promise<unknown>;
}

/** Starts a hub on 127.0.0.1, and resolves when it can publish. */
export async function startHub(
  { port, args = [], env }: {
    port: number;
    args?: string[];
    env: Record<string, string>;
  },
): Promise<HubProcess> {
  const child = spawn(process.execPath, [
    ...runArguments,
    command,
    "hub",
    "--port",
    String(port),
    ...args,
  ], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", HOST: "127.0.0.1", ...env },
  });
  running.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: unknown) => text += String(chunk));
  }
  const exit = new Promise<unknown>((resolve) =>
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal);
    })
  );
  const origin = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + 4 * PATIENCE;
  while (!await fetch(`${origin}/readyz`).then(({ ok }) => ok, () => false)) {
    if (!running.has(child) || performance.now() > deadline) {
      throw new Error(`The hub did not start:\n${text}`);
    }
    await sleep(20);
  }
  // Not `child.kill()`: Deno then reports the signal in place of the exit code.
  const signal = (name: "SIGTERM" | "SIGKILL") => {
    if (running.has(child)) process.kill(child.pid!, name);
    return exit;
  };
  return {
    origin,
    text: () => text,
    end: () => signal("SIGTERM"),
    kill: () => signal("SIGKILL"),
  };
}
