// Runs Deno's own tools: format, lint, types, the documentation and its examples, and what JSR would publish.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { bin, denoEntries, root, sources } from "../support/project.mjs";
import { readJUnit } from "../testing/reports.mjs";

const deno = (...args) => exec([bin("deno"), ...args], { cwd: root });

/** The TypeScript files of a folder, but for what stands on packages that are not installed here. */
const scripts = (folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .filter((path) => path.endsWith(".ts") && !/^(deno|recipes)\//.test(path)).map((path) =>
      `${folder}/${path}`
    );

async function docTests({ work }) {
  const report = join(work, "doc-tests.xml");
  await deno("test", "--doc", "-A", `--junit-path=${report}`, ...sources(), ...pages);
  const tests = readJUnit(readFileSync(report, "utf8"));
  const places = new Set([...denoEntries().map(home), ...pages]);
  const without = [...places].filter((place) => !tests.some(({ suite }) => suite.includes(place)));
  if (without.length > 0) {
    throw new Error(`No example ran from ${without.join(", ")}: add one, in a code block marked "ts"`);
  }
}

/** Pages whose examples run. */
const pages = ["README.md", "README.zh-CN.md", "docs/reference.md", "docs/scaling.md"];

/** An entry point only exports; the examples stand in the files beside it, those of mod.ts in lib/. */
const home = (entry) => entry === "mod.ts" ? "lib/" : entry.slice(0, entry.lastIndexOf("/") + 1);

/** Vue's own types, which a composable cannot do without, would have to be documented here as if they were ours. */
const documented = () => denoEntries().filter((entry) => entry !== "lib/bindings/vue.ts");

async function publish() {
  // As far as from JSR as CI is: what is published must need nothing from there.
  const env = { ...process.env, JSR_URL: "http://127.0.0.1:9/" };
  const listed = await exec([bin("deno"), "publish", "--dry-run", "--allow-dirty"], { cwd: root, env });
  const paths = [...listed.matchAll(/file:\/\/(\S+) \(/g)].map(([, path]) => path.slice(root.length));
  const stray = paths.filter((path) => /^(tests|scripts|examples|bench|dist|node_modules)\//.test(path));
  if (stray.length > 0) throw new Error(`JSR would publish ${stray.join(", ")}: see "publish" in deno.json`);
  const missing = sources().filter((path) => !paths.includes(path));
  if (missing.length > 0) {
    throw new Error(`JSR would not publish ${missing.join(", ")}: see "publish" in deno.json`);
  }
}

export const gates = [
  { name: "deno fmt", run: () => deno("fmt", "--check") },
  { name: "deno lint", run: () => deno("lint") },
  {
    name: "deno check",
    run: () => deno("check", ...denoEntries(), ...scripts("examples"), ...scripts("tests")),
  },
  { name: "deno test --doc", run: docTests },
  { name: "deno doc --lint", run: () => deno("doc", "--quiet", "--lint", ...documented()) },
  { name: "deno publish", run: publish },
];
