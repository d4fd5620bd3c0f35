/**
 * Runs a program by the running runtime.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runArguments } from "./runtime.ts";

export interface Exit {
  /** The exit code; `undefined` if the program had to be ended. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  ms?: number;
  env?: Record<string, string>;
  flags?: string[];
  args?: string[];
}

/** Runs `tests/support/fixtures/<name>`, as `runModule()` does. */
export function runFixture(name: string, options?: RunOptions): Promise<Exit> {
  return runModule(new URL(`./fixtures/${name}`, import.meta.url), options);
}

/**
 * Runs a program, and ends it if it does not end by itself in `ms` milliseconds. `flags` are the runtime's, `args` the
 * program's.
 */
export async function runModule(
  url: URL,
  { ms = 20_000, env = {}, flags = [], args = [] }: RunOptions = {},
): Promise<Exit> {
  const path = fileURLToPath(url);
  const child = spawn(process.execPath, [...runArguments, ...flags, path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1", ...env },
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, ms);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: unknown) => stdout += String(chunk));
  child.stderr.on("data", (chunk: unknown) => stderr += String(chunk));
  const code = await new Promise<number | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code: number | null) => resolve(late || code === null ? undefined : code));
  });
  clearTimeout(timer);
  return { code, stdout, stderr };
}
