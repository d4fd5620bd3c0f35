// The package as its users get it: packed, installed into an empty folder, run on every runtime, type-checked.
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { nodePath, NODES } from "../support/nodes.mjs";
import { bin, root } from "../support/project.mjs";

const sample = (name) => join(root, "scripts/gates/consumer", name);

let installed;

/** An empty folder with nothing but the package in it, made once. */
function installedPackage(work) {
  installed ??= install(work);
  return installed;
}

async function install(work) {
  const folder = join(work, "consumer");
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  const listed = await exec(["npm", "pack", "--json", "--ignore-scripts", "--pack-destination", work], {
    cwd: root,
  });
  const { filename, files } = JSON.parse(listed.slice(listed.indexOf("[")))[0];
  const stray = files.map(({ path }) => path).filter((path) =>
    !/^(dist\/|[A-Z]+(\.md)?$|package\.json$)/.test(path)
  );
  if (stray.length > 0) throw new Error(`The package holds ${stray.join(", ")}: see "files" in package.json`);
  await exec(["npm", "install", "--no-audit", "--no-fund", join(work, filename)], { cwd: folder });
  return folder;
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

/** Type-checks like a user whose settings are strict enough to look into our declarations too. */
async function types({ work }, name, options, nodeTypes) {
  const cwd = await installedPackage(work);
  const files = nodeTypes ? ["core.ts", "node.ts"] : ["core.ts"];
  for (const file of files) copyFileSync(sample(file), join(cwd, file));
  if (nodeTypes) symlinkSync(join(root, "node_modules/@types"), join(cwd, "node_modules/@types"));
  const lib = ["es2022", "esnext.disposable", "dom", "dom.iterable", "dom.asynciterable"];
  const types = nodeTypes ? ["node"] : [];
  const compilerOptions = {
    target: "es2022",
    lib,
    types,
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  const config = join(cwd, `tsconfig.${name}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  await exec([bin("tsc"), "-p", config], { cwd });
}

const nodenext = { module: "nodenext", moduleResolution: "nodenext" };
const bundler = { module: "esnext", moduleResolution: "bundler" };
const onNode = (major) => ({
  name: `the package on Node ${major}`,
  run: (context) => runOn(context, async (work) => [await nodePath(work, major)]),
});

export const gates = [
  { name: "the package's types, nodenext", run: (context) => types(context, "nodenext", nodenext, false) },
  { name: "the package's types, bundler", run: (context) => types(context, "bundler", bundler, false) },
  { name: "the package's types beside Node's", run: (context) => types(context, "node", nodenext, true) },
  { name: "the package on this Node", run: (context) => runOn(context, () => [process.execPath]) },
  ...NODES.map(onNode),
  { name: "the package on Bun", run: (context) => runOn(context, () => [bin("bun"), "run"]) },
  { name: "the package on Deno", run: (context) => runOn(context, () => [bin("deno"), "run", "-A"]) },
];
