/** Knows where each runtime is, and how it runs the server. */
import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const bin = (name) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url));

export const RUNTIMES = ["node", "bun", "deno"];

/** @param {string} [profiles] a directory for CPU profiles */
export function command(kind, path, profiles) {
  const profile = profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
  return {
    node: [path, "--expose-gc", ...profile],
    bun: [path, ...profile, "run"],
    deno: [path, "run", "-A", "--v8-flags=--expose-gc", ...profile],
  }[kind];
}

export const pathOf = (kind, given) => given ?? (kind === "node" ? process.execPath : bin(kind));

/** Asks a runtime its version, which also proves that it starts. */
export async function version(path) {
  const { stdout } = await promisify(execFile)(path, ["--version"], { timeout: 60_000 });
  return /\d+\.\d+\.\d+\S*/.exec(stdout)[0];
}
