// Checks the code in the documentation: every block is type-checked, and those that are marked so are run.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exec } from "../support/exec.mjs";
import { bin, read, root } from "../support/project.mjs";
import { docs, installDocs } from "../support/site.mjs";
import { RUNTIMES, snippetsOf } from "../support/snippets.mjs";

/** Below docs/, so that a block finds the packages that docs/package.json brings, and then those of the root. */
const folder = join(docs, ".snippets");

const pages = () => [
  "README.md",
  "README.zh-CN.md",
  ...readdirSync(docs, { recursive: true }).filter((path) =>
    path.endsWith(".md") && !/^(node_modules|api|\.[a-z]+)\//.test(path)
  ).sort().map((path) => `docs/${path}`),
];

const pathOf = ({ page, name }) => join(folder, page, name);

let extracted;

/** Writes the files, once for both gates. */
async function extract() {
  if (extracted !== undefined) return extracted;
  await installDocs();
  rmSync(folder, { recursive: true, force: true });
  extracted = pages().flatMap((page) => snippetsOf(page, read(page)));
  if (extracted.length < 40) throw new Error(`Only ${extracted.length} snippets: this gate looks at nothing`);
  for (const file of extracted) {
    mkdirSync(dirname(pathOf(file)), { recursive: true });
    // What runs takes a port that is free.
    const code = file.runtimes.length > 0 ? file.code.replaceAll("port: 8080", "port: 0") : file.code;
    writeFileSync(pathOf(file), code);
  }
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  project("tsconfig.json", ["**/*.ts", "**/*.tsx"], {});
  // Plain JavaScript of a page asks no questions that only types could answer, such as whether an element is there.
  project("tsconfig.js.json", ["**/*.js", "**/*.mjs"], {
    allowJs: true,
    checkJs: true,
    strict: false,
    exactOptionalPropertyTypes: false,
  });
  return extracted;
}

function project(name, include, options) {
  const compilerOptions = {
    isolatedDeclarations: false,
    declaration: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    moduleDetection: "force",
    jsx: "react-jsx",
    ...options,
  };
  const config = { extends: "../../tsconfig.json", compilerOptions, include, exclude: [] };
  writeFileSync(join(folder, name), JSON.stringify(config));
}

async function types() {
  await extract();
  const problems = [];
  for (const config of ["tsconfig.json", "tsconfig.js.json"]) {
    try {
      await exec([bin("tsc"), "-p", join(folder, config), "--pretty", "false"], { cwd: folder });
    } catch (error) {
      problems.push(error.message);
    }
  }
  if (problems.length > 0) throw new Error(`Lines are those of the page.\n${problems.join("\n")}`);
}

const commands = {
  node: [process.execPath, "--import", "tsx"],
  bun: [bin("bun")],
  deno: [bin("deno"), "run", "-A", "--no-check", "--config", join(root, "deno.json")],
};

/** Runs the files of one runtime, a few at once. */
async function runOn(runtime) {
  const files = (await extract()).filter(({ runtimes }) => runtimes.includes(runtime));
  if (files.length === 0) throw new Error(`No snippet is marked to run on ${runtime}`);
  const problems = [];
  const worker = async () => {
    for (let file = files.pop(); file !== undefined; file = files.pop()) {
      try {
        await exec([...commands[runtime], pathOf(file)], { cwd: root, limit: 60 });
      } catch (error) {
        problems.push(`${file.page}, ${file.name}: ${error.message}`);
      }
    }
  };
  await Promise.all([worker(), worker()]);
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

export const gates = [
  { name: "the documentation's snippets, types", run: types },
  ...RUNTIMES.map((runtime) => ({
    name: `the documentation's snippets, on ${runtime}`,
    run: () => runOn(runtime),
  })),
];
