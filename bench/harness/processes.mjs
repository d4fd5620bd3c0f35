/** Starts the processes of a run: the server, on the runtime under test, and the load, on Node. */
import { fork, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Remote } from "./remote.mjs";

const file = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

// How long a process is given to end by itself.
const PATIENCE = 5_000;

/** @param {string[]} command the runtime and its options */
export const startServer = (command) => startProgram([...command, file("server/main.mjs")]);

/** @param {string[]} command a program that is told what to do as `server/main.mjs` is, and its arguments */
export function startProgram([program, ...args]) {
  const child = spawn(program, args, {
    cwd: file("."),
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...withoutOptions(), NO_COLOR: "1" },
  });
  const remote = new Remote(
    "server",
    (message) => child.stdin.write(`${JSON.stringify(message)}\n`),
    child.pid,
  );
  // Its last words, in case it fails.
  let said = "";
  child.stderr.on("data", (chunk) => said = (said + chunk).slice(-2_000));
  child.stdin.on("error", () => {});
  createInterface({ input: child.stdout }).on("line", (line) => {
    // A contender or a runtime may print, too.
    if (line.startsWith('{"answers":')) remote.settle(JSON.parse(line));
  });
  child.on("close", (code, signal) => remote.end(`${signal ?? `code ${code}`}\n${said}`));
  return { remote, stop: () => stop(child, () => remote.tell("exit")) };
}

export function startLoad() {
  return forkNode("load process", "load/main.mjs");
}

/** @param {string} path of its file, in the bench's folder */
export function forkNode(name, path, { execPath = process.execPath, execArgv = [] } = {}) {
  const child = fork(file(path), {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    execPath,
    execArgv,
    env: withoutOptions(),
  });
  const remote = new Remote(name, (message) => child.connected && child.send(message), child.pid);
  child.on("message", (message) => remote.settle(message));
  child.on("exit", (code, signal) => remote.end(signal ?? `code ${code}`));
  return { remote, stop: () => stop(child, () => remote.tell("exit")), kill: () => child.kill("SIGKILL") };
}

async function stop(child, ask) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  ask();
  await gone;
  clearTimeout(timer);
}

/** What is set for this process must not change the one under test. */
function withoutOptions() {
  const { NODE_OPTIONS: _node, BUN_OPTIONS: _bun, ...env } = process.env;
  return env;
}
