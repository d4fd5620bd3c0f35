/** Runs a server's program until it is no longer needed, or this process ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";

/**
 * Resolves when it is ready to be used, to what ends it.
 *
 * @param {string[]} command
 * @param {{ ready: string, signal: NodeJS.Signals, cwd?: string }} options `ready` is what it prints to standard error then,
 * and `signal` what ends it at once
 * @returns {Promise<() => Promise<void>>}
 */
export async function runProgram([program, ...args], { ready, signal, cwd }) {
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"], cwd });
  // Whoever breaks a run off must not leave it behind.
  const kill = () => child.kill(signal);
  process.once("exit", kill);
  let said = "";
  await new Promise((resolve, reject) => {
    child.stderr.on("data", (chunk) => {
      said = (said + chunk).slice(-2_000);
      if (said.includes(ready)) resolve();
    });
    child.once("error", () => reject(new Error(`${program} cannot be started: is it installed?`)));
    child.once("close", (code) => reject(new Error(`${program} ended with code ${code}:\n${said}`)));
  });
  return async () => {
    process.off("exit", kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "close");
    kill();
    await gone;
  };
}
