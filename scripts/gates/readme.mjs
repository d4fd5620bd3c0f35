// Checks the READMEs: what a reader pastes from them runs as it stands, and they are short enough to be read to the end.
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { nodePath } from "../support/nodes.mjs";
import { consumer } from "../support/packed.mjs";
import { bin, root } from "../support/project.mjs";
import { readUntil, withServer } from "../support/server.mjs";

const READMES = ["README.md", "README.zh-CN.md"];
const LINES = 200;

const text = (path) => readFileSync(join(root, path), "utf8");

function short() {
  for (const path of READMES) {
    const lines = text(path).split("\n").length - 1;
    if (lines > LINES) throw new Error(`${path} has ${lines} lines; whoever comes by reads ${LINES} at most`);
  }
}

/** The code block of a README that begins with the name of a file. */
function block(path, mark) {
  const found = [...text(path).matchAll(/^```[^\n]*\n([^]*?)^```$/gm)].find(([, code]) =>
    code.startsWith(mark)
  );
  if (found === undefined) throw new Error(`${path} has no block that begins with ${mark}`);
  return found[1];
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

let installed;

/** Pastes the server and its page into an empty folder, installs the package, and visits both streams. */
async function start({ work }, path, name, command) {
  installed ??= consumer(work, "reader");
  const cwd = join(work, `reader-${path}-${name}`);
  mkdirSync(cwd);
  copyFileSync(join(await installed, "package.json"), join(cwd, "package.json"));
  symlinkSync(join(await installed, "node_modules"), join(cwd, "node_modules"));
  const port = await freePort();
  const server = block(path, "// server.mjs\n");
  if (!server.includes("port: 8080")) throw new Error(`The server of ${path} does not listen on port 8080`);
  writeFileSync(join(cwd, "server.mjs"), server.replace("port: 8080", `port: ${port}`));
  writeFileSync(join(cwd, "index.html"), block(path, "<!-- index.html -->\n"));
  const how = await withServer([...command, "server.mjs"], { cwd, env: process.env }, async (url) => {
    const page = await (await fetch(url)).text();
    for (const stream of ["/prices", "/answer"]) {
      if (!page.includes(`new EventSource("${stream}")`)) throw new Error(`The page does not open ${stream}`);
    }
    await readUntil(new URL("/prices", url), /^event: price\n(?:id: .*\n)?data: \{"symbol":"ACME"/m, 20);
    await readUntil(new URL("/answer", url), /(?:^data: .+\n\n){5}event: tidings-end\n/m, 20);
  });
  if (how !== "it ended with exit code 0") throw new Error(`Asked to end, ${how}`);
}

const runtimes = [
  ["this Node", () => [process.execPath]],
  ["Node 18", async (work) => [await nodePath(work, 18)]],
  ["Bun", () => [bin("bun")]],
  ["Deno", () => [bin("deno"), "run", "-A"]],
];

export const gates = [
  { name: "the READMEs are short", run: short },
  ...runtimes.map(([name, command]) => ({
    name: `what the READMEs begin with, on ${name}`,
    async run(context) {
      for (const path of READMES) await start(context, path, name, await command(context.work));
    },
  })),
];
