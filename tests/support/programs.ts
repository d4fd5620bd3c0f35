/**
 * Runs programs of any language, each in a process group of its own, since some start what they built as a process of its own.
 *
 * @module
 */

import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";
import process from "node:process";

const running = new Set<ChildProcess>();

/** Ends all that still run. */
export function endPrograms(): void {
  for (const { pid } of running) process.kill(-pid!, "SIGKILL");
}

process.on("exit", endPrograms);

export interface Program {
  /** What it printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which it came. */
  said(): string;
  /** Its exit code, or the signal that ended it. */
  readonly exit: Promise<unknown>;
  /** Ends it and whatever it started. */
  end(): Promise<void>;
}

export function startProgram(
  [program, ...args]: readonly string[],
  options: Pick<SpawnOptions, "cwd" | "env"> = {},
): Program {
  const child = spawn(program!, args, { ...options, stdio: ["ignore", "pipe", "pipe"], detached: true });
  running.add(child);
  const exit = new Promise<unknown>((resolve) =>
    child.once("close", (code, signal) => {
      running.delete(child);
      resolve(code ?? signal);
    })
  );
  let all = "";
  const started = {
    stdout: "",
    stderr: "",
    said: () => all,
    exit,
    async end() {
      if (running.has(child)) process.kill(-child.pid!, "SIGKILL");
      await exit;
    },
  };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]!.on("data", (chunk: unknown) => {
      started[name] += String(chunk);
      all += String(chunk);
    });
  }
  return started;
}
