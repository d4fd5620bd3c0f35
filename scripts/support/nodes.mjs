// Installs other versions of Node, for the suite and the package to run on.
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

async function installNode(work, version) {
  const path = await install(work, `node-${version}`, `node@${version}`, "node");
  const { stdout } = await promisify(execFile)(path, ["--version"]).catch((cause) => {
    throw new Error(
      `The binary of node@${version} does not run; see whether npm holds its install script back`,
      { cause },
    );
  });
  if (!`${stdout.trim()}.`.startsWith(`v${version}.`)) {
    throw new Error(`node@${version} turned out to be ${stdout.trim()}`);
  }
  return path;
}

/** The path of a Node: the newest of a major version (18), or one by its number ("22.13.0"); installed once, below `work`. */
export function nodePath(work, version) {
  if (!cache.has(version)) cache.set(version, installNode(work, version));
  return cache.get(version);
}

/** An environment like that of a machine that has this Node, with the npm that came with it, and nothing else of ours. */
export async function nodeEnvironment(work, version) {
  const node = await nodePath(work, version);
  // Node 18 and 20 came with npm 10; newer npms refuse to run on 18.
  if (!cache.has("npm")) cache.set("npm", install(work, "npm-10", "npm@10", "npm"));
  const npm = await cache.get("npm");
  const clean = Object.entries(process.env).filter(([name]) =>
    !/^npm_|^(NODE_OPTIONS|INIT_CWD)$/i.test(name)
  );
  const env = Object.fromEntries(clean);
  return { ...env, PATH: [dirname(node), dirname(npm), env.PATH].join(delimiter) };
}
