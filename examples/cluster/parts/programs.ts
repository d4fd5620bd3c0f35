/** Finds programs on PATH, and the runtimes that are present. */

import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import process from "node:process";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Where the program is, if it is anywhere: on PATH, or among this repository's packages. */
export function find(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), join(root, "node_modules", ".bin")];
  return folders.map((folder) => join(folder, program)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A runtime, and what starts a program on it. */
export interface Runtime {
  readonly name: string;
  readonly version: string;
  /** The command that a TypeScript file's path follows. */
  readonly command: readonly string[];
}

// What each prints of itself: npm's `deno` is a script, and killing a script is not killing Deno.
const RUNTIMES = [
  { name: "bun", ask: ["-e", "console.log(process.execPath, Bun.version)"], run: ["run"] },
  { name: "deno", ask: ["eval", "console.log(Deno.execPath(), Deno.version.deno)"], run: ["run", "-A"] },
  { name: "node", ask: ["-p", "process.execPath + ' ' + process.versions.node"], run: ["--import", "tsx"] },
] as const;

/** The runtimes that are present and start. */
export function runtimes(): Runtime[] {
  return RUNTIMES.flatMap(({ name, ask, run }) => {
    const found = find(name);
    if (found === undefined) return [];
    const env = { ...process.env, NO_COLOR: "1" };
    const { status, stdout } = spawnSync(found, ask, { encoding: "utf8", cwd: root, env });
    const [, path, version] = /^(.+) (\d\S*)\s*$/.exec(stdout ?? "") ?? [];
    if (status !== 0 || path === undefined || version === undefined) return [];
    return [{ name, version, command: [path, ...run] }];
  });
}
