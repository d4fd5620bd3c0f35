// Other versions of Node, for the suite and the package to run on.
// They come as packages, into a folder outside the project: a `node` in its node_modules/.bin would hide the machine's.
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { exec } from "./exec.mjs";

/** The versions beside the machine's own that the package promises to run on. */
export const NODES = [18, 22, 24, 26];

const cache = new Map();

/** Installs a package below `work` and answers the path of a command in it. */
async function install(work, folder, spec, command) {
  const prefix = join(work, folder);
  mkdirSync(prefix, { recursive: true });
  // cwd: npm takes the settings and the lock of the folder that it is called in.
  await exec([
    "npm",
    "install",
    "--prefix",
    prefix,
    "--no-audit",
    "--no-fund",
    "--ignore-scripts=false",
    spec,
  ], {
    cwd: prefix,
  });
  return join(prefix, "node_modules/.bin", command);
}

async function installNode(work, major) {
  const path = await install(work, `node-${major}`, `node@${major}`, "node");
  const { stdout } = await promisify(execFile)(path, ["--version"]).catch((cause) => {
    throw new Error(
      `The binary of node@${major} does not run; see whether npm holds its install script back`,
      { cause },
    );
  });
  if (!stdout.startsWith(`v${major}.`)) throw new Error(`node@${major} turned out to be ${stdout.trim()}`);
  return path;
}

/** The path of the newest Node of a major version; installed once, below `work`. */
export function nodePath(work, major) {
  if (!cache.has(major)) cache.set(major, installNode(work, major));
  return cache.get(major);
}

/** An environment like that of a machine that has this Node, with the npm that came with it, and nothing else of ours. */
export async function nodeEnvironment(work, major) {
  const node = await nodePath(work, major);
  // Node 18 and 20 came with npm 10; newer npms refuse to run on 18.
  if (!cache.has("npm")) cache.set("npm", install(work, "npm-10", "npm@10", "npm"));
  const npm = await cache.get("npm");
  const clean = Object.entries(process.env).filter(([name]) =>
    !/^npm_|^(NODE_OPTIONS|INIT_CWD)$/i.test(name)
  );
  const env = Object.fromEntries(clean);
  return { ...env, PATH: [dirname(node), dirname(npm), env.PATH].join(delimiter) };
}
