// Runs the package as its users get it: packed, installed into an empty folder, on every runtime.
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { nodePath, NODES } from "../support/nodes.mjs";
import { consumer } from "../support/packed.mjs";
import { bin, root } from "../support/project.mjs";

const sample = (name) => join(root, "scripts/gates/consumer", name);

let installed;

/** An empty folder with nothing but the package in it, made once. */
function installedPackage(work) {
  installed ??= consumer(work, "consumer");
  return installed;
}

async function runOn({ work }, command) {
  const cwd = await installedPackage(work);
  copyFileSync(sample("run.mjs"), join(cwd, "run.mjs"));
  const said = await exec([...await command(work), "run.mjs"], { cwd, limit: 60 });
  // Ended too early is not ended well: a promise that nothing keeps alive lets Node exit with 0 on the way.
  if (!said.includes("The package works")) {
    throw new Error(`The program ended before it was through\n${said}`);
  }
}

const onNode = (major) => ({
  name: `the package on Node ${major}`,
  run: (context) => runOn(context, async (work) => [await nodePath(work, major)]),
});

export const gates = [
  { name: "the package on this Node", run: (context) => runOn(context, () => [process.execPath]) },
  ...NODES.map(onNode),
  { name: "the package on Bun", run: (context) => runOn(context, () => [bin("bun"), "run"]) },
  { name: "the package on Deno", run: (context) => runOn(context, () => [bin("deno"), "run", "-A"]) },
];
