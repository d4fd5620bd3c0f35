// Checks `tidings init` as a stranger starts it, by name from a registry: the steps that it prints are taken as they stand,
// and what it wrote serves an event of each stream.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { exec } from "../support/exec.mjs";
import { nodeEnvironment } from "../support/nodes.mjs";
import { read, root } from "../support/project.mjs";
import { block } from "../support/readme.mjs";
import { withRegistry } from "../support/registry.mjs";
import { freePort, visitStart } from "../support/start.mjs";

/** What is pasted from the README and what is written by the command is one and the same. */
function sameAsReadme() {
  for (const [name, mark] of [["server.mjs", "// server.mjs\n"], ["index.html", "<!-- index.html -->\n"]]) {
    if (read(`template/${name}`) !== block("README.md", mark)) {
      throw new Error(
        `The README's ${name} is not template/${name}: copy the one that is right over the other`,
      );
    }
  }
}

async function start({ work }, { name, init, program, environment = () => process.env }) {
  const own = await environment(work);
  await withRegistry(work, async (registry) => {
    const cwd = join(work, `init-${name}`.replace(/\W/g, "-"));
    mkdirSync(cwd);
    // Behind the machine's own commands, so that the gate's Node is the one that is asked for.
    const env = { ...own, ...registry, PATH: [own.PATH, join(root, "node_modules/.bin")].join(delimiter) };
    const said = await exec(["sh", "-c", init], { cwd, env });
    const steps = /^Next:\n((?: {2}.+\n)+)/m.exec(said)?.[1].trim().split(/\n */);
    const [enter, install, run, ...more] = steps ?? [];
    if (enter !== "cd stream" || !run?.startsWith(`${program} `) || more.length > 0) {
      throw new Error(`It said\n${said}`);
    }
    const folder = join(cwd, "stream");
    await exec(["sh", "-c", install], { cwd: folder, env });
    const port = await freePort();
    const server = readFileSync(join(folder, "server.mjs"), "utf8");
    writeFileSync(join(folder, "server.mjs"), server.replace("port: 8080", `port: ${port}`));
    await visitStart(run.split(" "), folder, env);
    const again = await exec(["sh", "-c", init], { cwd, env }).then(() => "it did", ({ message }) => message);
    if (!again.includes("nothing is overwritten")) throw new Error(`Asked to overwrite: ${again}`);
  });
}

const ways = [
  { name: "npx", init: "npx --yes tidings init stream", program: "node" },
  {
    name: "npx, Node 18",
    init: "npx --yes tidings init stream",
    program: "node",
    environment: (work) => nodeEnvironment(work, 18),
  },
  { name: "bunx", init: "bunx tidings init stream", program: "bun" },
  { name: "deno run", init: "deno run -A npm:tidings init stream", program: "deno" },
];

export const gates = [
  { name: "the README begins with what tidings init writes", run: sameAsReadme },
  ...ways.map((way) => ({ name: `tidings init by ${way.name}`, run: (context) => start(context, way) })),
];
