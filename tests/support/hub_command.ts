/**
 * Runs `tidings hub` by its sources, as a process of its own.
 *
 * @module
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { SECRET } from "./hub.ts";
import { runArguments } from "./runtime.ts";
import { PATIENCE, sleep } from "./wait.ts";

/** The program of `npx tidings`. */
export const command: URL = new URL("../../lib/cli/mod.ts", import.meta.url);

/** A hub that runs. */
export interface HubCommand {
  /** Where it is reached, without a slash at the end. */
  readonly origin: string;
  /** All that it has printed. */
  text(): string;
  /** The lines of JSON that it has printed. */
  lines(): Record<string, unknown>[];
  /** Sends it a signal. */
  signal(name: NodeJS.Signals): void;
  /** Its exit code, or the signal that ended it. */
  readonly exit: Promise<unknown>;
  /** Ends it at once, and waits until it has ended. */
  kill(): Promise<void>;
}

/** Starts a hub on a free port, and waits until it says where it is. */
export async function startHub(args: string[], env: Record<string, string> = {}): Promise<HubCommand> {
  const child = spawn(process.execPath, [
    ...runArguments,
    fileURLToPath(command),
    "hub",
    "--port",
    "0",
    ...args,
  ], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", HOST: "127.0.0.1", TIDINGS_JWT_SECRET: SECRET, ...env },
  });
  let text = "";
  const exit = new Promise((resolve) => child.once("close", (code, signal) => resolve(code ?? signal)));
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: unknown) => text += String(chunk));
  }
  const origin = () => /tidings hub at (http:\/\/[^\s/]+)\//.exec(text)?.[1];
  await eventually(() => origin() !== undefined || child.exitCode !== null, "the address of the hub");
  assert.ok(origin() !== undefined, text);
  return {
    origin: origin()!,
    text: () => text,
    lines: () => text.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line)),
    // Not `child.kill()`: Deno then reports the signal in place of the exit code.
    signal: (name) => void process.kill(child.pid!, name),
    exit,
    kill: async () => {
      child.kill("SIGKILL");
      await exit;
    },
  };
}

/** Waits until a condition holds that takes its time to be asked for. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!await holds()) {
    if (performance.now() > deadline) throw new Error(`It did not come to this: ${what}`);
    await sleep(10);
  }
}
