// The two promises of the first screen: a clone, one command, and the page is there.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { nodeEnvironment } from "../support/nodes.mjs";
import { bin, copyProject, readJson, root } from "../support/project.mjs";
import { readUntil, withServer } from "../support/server.mjs";

/** Both gates give the example a free port: `PORT=0` asks the system for one. */
const place = { PORT: "0", HOST: "127.0.0.1" };

async function visit(url) {
  const page = await fetch(url, { signal: AbortSignal.timeout(10_000) });
  const type = page.headers.get("content-type") ?? "";
  if (page.status !== 200 || !type.startsWith("text/html")) {
    throw new Error(`GET / answered ${page.status}, ${type}`);
  }
  if (!/<html/i.test(await page.text())) throw new Error("GET / sent no page");
  const client = await fetch(new URL("/page/client.js", url), { signal: AbortSignal.timeout(60_000) });
  if (client.status !== 200) throw new Error(`The pages' client library: ${await client.text()}`);
  await client.text();
  const stream = await readUntil(new URL("/stream", url), /^data:/m, 20);
  if (!stream.headers.get("content-type").startsWith("text/event-stream")) {
    throw new Error("GET /stream is no event stream");
  }
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
  const how = await withServer([bin(name), ...args], { cwd, env: { ...process.env, ...place } }, visit);
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
