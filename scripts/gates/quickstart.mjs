// Checks the promise of the README's first screen: a clone, one command, and the page is there.
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { nodeEnvironment } from "../support/nodes.mjs";
import { bin, copyProject, readJson, root } from "../support/project.mjs";
import { readUntil, withServer } from "../support/server.mjs";

/** Every gate gives the example a free port: `PORT=0` asks the system for one. */
const place = { PORT: "0", HOST: "127.0.0.1" };
/** Nobody listens there, so nothing can be fetched while it runs. */
const offline = { NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/", JSR_URL: "http://127.0.0.1:9/" };

async function visit(url) {
  const page = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const type = page.headers.get("content-type") ?? "";
  if (page.status !== 200 || !type.startsWith("text/html")) {
    throw new Error(`GET / answered ${page.status}, ${type}`);
  }
  if (!/<html/i.test(await page.text())) throw new Error("GET / sent no page");
  for (const file of await everyFile(url)) {
    const answer = await fetch(file, { signal: AbortSignal.timeout(10_000) });
    if (answer.status !== 200) throw new Error(`${file} answered ${answer.status}: ${await answer.text()}`);
    await answer.body?.cancel();
  }
  const stream = await readUntil(new URL("/stream", url), /^data:/m, 20);
  if (!stream.headers.get("content-type").startsWith("text/event-stream")) {
    throw new Error("GET /stream is no event stream");
  }
}

/** Every page of the gallery, and all that these and their modules name. */
async function everyFile(url) {
  const names = readdirSync(join(root, "examples")).filter((name) =>
    name !== "cluster" && existsSync(join(root, "examples", name, "index.html"))
  );
  const files = ["", ...names.map((name) => `${name}/`)].map((path) => new URL(path, url).href);
  for (const file of files) {
    const answer = await fetch(file, { signal: AbortSignal.timeout(10_000) });
    const text = await answer.text();
    const found = /\.js$/.test(file)
      ? text.replace(/\/\*[^]*?\*\//g, "").matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"(\.[^"]+)"/g)
      : /html/.test(answer.headers.get("content-type") ?? "")
      ? text.matchAll(/(?:src|href)="([^"?#:]+)"/g)
      : [];
    for (const [, path] of found) {
      const { href } = new URL(path, answer.url);
      if (!files.includes(href)) files.push(href);
    }
  }
  if (files.length < 30) {
    throw new Error(`Only ${files.length} files were found, so this gate looks at nothing`);
  }
  return files;
}

function clone(work, name) {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  copyProject(folder);
  return folder;
}

async function onNode({ work }, major) {
  const cwd = clone(work, `clone-node-${major}`);
  const env = await nodeEnvironment(work, major);
  await exec(["npm", "ci", "--no-audit", "--no-fund"], { cwd, env });
  await withServer(["npm", "start"], { cwd, env: { ...env, ...place } }, visit);
}

/** The oldest Node that package.json promises to whoever develops: none of the tools may ask for a newer one. */
async function toolsOnOldest({ work }) {
  const oldest = readJson("package.json").devEngines.runtime.version.replace(">=", "");
  const env = await nodeEnvironment(work, `${oldest}.0`);
  const said = await exec(["npm", "ci", "--dry-run", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: root,
    env,
  });
  const asking = [...said.matchAll(/EBADENGINE +(?:package|required): (.+)/g)].map(([, part]) => part);
  if (asking.length > 0) {
    throw new Error(
      `Not every development tool runs on Node ${oldest}: ${asking.join(" ")}. Take another version of the ` +
        `tool, or say a newer Node in "devEngines" of package.json and in CONTRIBUTING.md`,
    );
  }
}

/** Nothing is installed in this clone, and nothing has to be. */
async function alone({ work }, name, ...args) {
  const cwd = clone(work, `clone-${name}`);
  const how = await withServer(
    [bin(name), ...args],
    { cwd, env: { ...process.env, ...place, ...offline } },
    visit,
  );
  if (how !== "it ended with exit code 0") throw new Error(`After SIGTERM ${how}, not with exit code 0`);
}

export const gates = [
  { name: "the development tools take the oldest Node they promise", run: toolsOnOldest },
  { name: "npm ci && npm start, Node 18", run: (context) => onNode(context, 18) },
  { name: "npm ci && npm start, Node 20", run: (context) => onNode(context, 20) },
  {
    name: "bun run examples/server.ts, nothing installed",
    run: (context) => alone(context, "bun", "run", "examples/server.ts"),
  },
  {
    name: "deno run -A examples/server.ts, nothing installed",
    run: (context) => alone(context, "deno", "run", "-A", "examples/server.ts"),
  },
];
