// Checks the READMEs: what a reader pastes from them runs as it stands, and they are short enough to be read to the end.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { nodeEnvironment } from "../support/nodes.mjs";
import { bin, read } from "../support/project.mjs";
import { block } from "../support/readme.mjs";
import { withRegistry } from "../support/registry.mjs";
import { freePort, visitStart } from "../support/start.mjs";

const READMES = ["README.md", "README.zh-CN.md"];
const LINES = 200;

function short() {
  for (const path of READMES) {
    const lines = read(path).split("\n").length - 1;
    if (lines > LINES) throw new Error(`${path} has ${lines} lines; whoever comes by reads ${LINES} at most`);
  }
}

/** A folder into which a reader installed the package by the command of the README. */
async function installed(work, name, install, env) {
  const cwd = join(work, `reader-${name}`.replace(/\W/g, "-"));
  mkdirSync(cwd);
  for (const path of READMES) {
    if (!read(path).includes(install)) throw new Error(`${path} does not say "${install}"`);
  }
  const [program, ...args] = install.split(" ");
  await exec([program === "npm" ? program : bin(program), ...args], { cwd, env });
  return cwd;
}

/** Pastes the server and its page into the folder, and visits both streams. */
async function start(path, cwd, command, env) {
  const port = await freePort();
  const server = block(path, "// server.mjs\n");
  if (!server.includes("port: 8080")) throw new Error(`The server of ${path} does not listen on port 8080`);
  writeFileSync(join(cwd, "server.mjs"), server.replace("port: 8080", `port: ${port}`));
  writeFileSync(join(cwd, "index.html"), block(path, "<!-- index.html -->\n"));
  await visitStart([...command, "server.mjs"], cwd, env);
}

async function paste({ work }, { name, install, command, environment = () => process.env }) {
  const own = await environment(work);
  await withRegistry(work, async (registry) => {
    const env = { ...own, ...registry };
    const cwd = await installed(work, name, install, env);
    for (const path of READMES) await start(path, cwd, command, env);
  });
}

const runtimes = [
  { name: "this Node", install: "npm install tidings", command: [process.execPath] },
  {
    name: "Node 18",
    install: "npm install tidings",
    command: ["node"],
    environment: (work) => nodeEnvironment(work, 18),
  },
  { name: "Bun", install: "bun add tidings", command: [bin("bun")] },
  { name: "Deno", install: "deno add npm:tidings", command: [bin("deno"), "run", "-A"] },
];

export const gates = [
  { name: "the READMEs are short", run: short },
  ...runtimes.map((runtime) => ({
    name: `what the READMEs begin with, on ${runtime.name}`,
    run: (context) => paste(context, runtime),
  })),
];
