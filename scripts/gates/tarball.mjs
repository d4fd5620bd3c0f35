// Runs the package as its users get it: packed, installed into an empty folder, on every runtime.
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { exec } from "../support/exec.mjs";
import { broken, isMarkdown, targets } from "../support/links.mjs";
import { nodePath, NODES } from "../support/nodes.mjs";
import { consumer } from "../support/packed.mjs";
import { bin, read, readJson, root } from "../support/project.mjs";
import { addressIn, linksOf } from "../support/repository.mjs";

const sample = (name) => join(root, "scripts/gates/consumer", name);

const { devDependencies } = readJson("package.json");

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

/** Each module has a map, and each map holds the sources themselves, as they are in the tree: a debugger shows them. */
function wholeMaps(dist) {
  const modules = readdirSync(dist, { recursive: true }).filter((path) => path.endsWith(".js"));
  if (modules.length < 10) throw new Error(`Only ${modules.length} modules were found in dist/`);
  for (const path of modules) {
    const file = join(dist, path);
    const name = readFileSync(file, "utf8").match(/^\/\/# sourceMappingURL=(.+)$/m)?.[1];
    if (name === undefined || !existsSync(join(dirname(file), name))) {
      throw new Error(`dist/${path} has no source map`);
    }
    const { sources, sourcesContent = [] } = JSON.parse(readFileSync(join(dirname(file), name), "utf8"));
    for (const [index, source] of sources.entries()) {
      const inTree = relative(dirname(dist), join(dirname(file), source));
      if (sourcesContent[index] !== read(inTree)) {
        throw new Error(`The map of dist/${path} does not hold ${inTree} as it is`);
      }
    }
  }
}

/** Where an error was thrown, says its stack: it must be where a line of the TypeScript makes an error. */
async function mapsToSources({ work }) {
  // Not the folder of the others: beside the package it has what two of its entry points import.
  const cwd = await consumer(
    work,
    "throwing",
    ["react", "vue"].map((name) => `${name}@${devDependencies[name]}`),
  );
  wholeMaps(join(cwd, "node_modules/tidings/dist"));
  copyFileSync(sample("throw.mjs"), join(cwd, "throw.mjs"));
  const said = await exec([process.execPath, "--enable-source-maps", "throw.mjs"], { cwd, limit: 60 });
  const stacks = said.trim().split("\n").map((line) => JSON.parse(line));
  for (const { entry, stack } of stacks) {
    const [, path, line, column] = /^ +at .*\/tidings\/((?:lib\/|mod).*\.ts):(\d+):(\d+)\)?$/m.exec(stack) ??
      [];
    const code = path === undefined ? "" : read(path).split("\n")[line - 1]?.slice(column - 1) ?? "";
    if (!/^new \w*Error\(/.test(code)) {
      throw new Error(
        `The stack of "${entry}" leads to no line of TypeScript that makes an error:\n${stack}`,
      );
    }
  }
  const { exports } = readJson("package.json");
  const wanted = Object.keys(exports).filter((name) => typeof exports[name] === "object");
  const silent = wanted.filter((name) => !stacks.some(({ entry }) => entry === name));
  if (silent.length > 0) {
    throw new Error(`scripts/gates/consumer/throw.mjs throws from no ${silent.join(", ")}`);
  }
}

/** What is read in node_modules leads to what is there: a link to a file that only the repository has names its address. */
async function links({ work }) {
  const folder = join(await installedPackage(work), "node_modules/tidings");
  const documents = readdirSync(folder, { recursive: true }).filter(isMarkdown);
  const problems = [];
  let count = 0;
  for (const path of documents) {
    for (const target of targets(readFileSync(join(folder, path), "utf8"))) {
      if (/^[a-z]+:/.test(target)) continue;
      count++;
      const place = target.startsWith("#") ? path + target : normalize(join(dirname(path), target));
      const problem = broken(folder, place);
      if (problem !== undefined) problems.push(`${path} links to ${target}: ${problem}`);
    }
  }
  // A pattern that finds no link finds no broken one either.
  if (count < 100) throw new Error(`Only ${count} links were found in ${documents.length} documents`);
  if (problems.length > 0) {
    const { file } = linksOf(addressIn(root));
    throw new Error(
      `Links that lead nowhere in the package:\n  ${
        problems.join("\n  ")
      }\nBegin with ${file} where the file is not ` +
        `in the package, and an image with the address of its bytes`,
    );
  }
}

const onNode = (major) => ({
  name: `the package on Node ${major}`,
  run: (context) => runOn(context, async (work) => [await nodePath(work, major)]),
});

export const gates = [
  { name: "the package's source maps", run: mapsToSources },
  { name: "the package's links", run: links },
  { name: "the package on this Node", run: (context) => runOn(context, () => [process.execPath]) },
  ...NODES.map(onNode),
  { name: "the package on Bun", run: (context) => runOn(context, () => [bin("bun"), "run"]) },
  { name: "the package on Deno", run: (context) => runOn(context, () => [bin("deno"), "run", "-A"]) },
];
