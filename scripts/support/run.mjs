// Runs a command as a process group of its own, under a time limit.
// The group matters: what a runner leaves behind (a server a test forgot) must not outlive it.
import { spawn } from "node:child_process";

const groups = new Set();

/** Ends every process of a group; a group that is already empty is no error. */
function endGroup(id, signal) {
  try {
    process.kill(-id, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

function endAll() {
  for (const id of groups) endGroup(id, "SIGKILL");
}

process.on("exit", endAll);
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]]) {
  process.once(signal, () => process.exit(code));
}

/**
 * @param {string[]} command the program and its arguments
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, stdout?: "inherit" | number, limit?: number }} [options]
 *   `stdout` takes both outputs: shown as they come, or a file descriptor. `limit` is in seconds.
 * @returns {Promise<{ code: number | null, signal: string | null, timedOut: boolean, error?: Error, seconds: number }>}
 */
export function run([program, ...args], { cwd, env = process.env, stdout = "inherit", limit = 300 } = {}) {
  const begin = performance.now();
  return new Promise((resolve) => {
    let timedOut = false;
    // A log that is read later, by people or machines, is better off without colour codes.
    const plain = stdout === "inherit" && process.stdout.isTTY ? {} : { NO_COLOR: "1" };
    const child = spawn(program, args, {
      cwd,
      env: { ...env, ...plain },
      stdio: ["ignore", stdout, stdout],
      detached: true,
    });
    if (child.pid) groups.add(child.pid);
    const timers = [];
    const finish = (result) => {
      timers.forEach(clearTimeout);
      if (child.pid) {
        endGroup(child.pid, "SIGKILL");
        groups.delete(child.pid);
      }
      resolve({ ...result, timedOut, seconds: (performance.now() - begin) / 1000 });
    };
    timers.push(setTimeout(() => {
      timedOut = true;
      endGroup(child.pid, "SIGTERM");
      timers.push(setTimeout(() => endGroup(child.pid, "SIGKILL"), 3000));
    }, limit * 1000));
    child.once("error", (error) => finish({ code: null, signal: null, error }));
    // "exit" and not "close": a process left behind may hold the outputs open.
    child.once("exit", (code, signal) => finish({ code, signal }));
  });
}

/** How a command ended, in words; `undefined` when it ended well. */
export function failure({ code, signal, timedOut, error, seconds }) {
  if (error) return `could not be started: ${error.message}`;
  if (timedOut) return `had not ended after ${Math.round(seconds)} s and was stopped`;
  if (signal) return `was ended by ${signal}`;
  return code === 0 ? undefined : `ended with exit code ${code}`;
}
