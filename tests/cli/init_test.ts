/**
 * Tests `tidings init` by its sources: what it writes, what it refuses, what it says to do next. That what it wrote runs
 * once it is installed is for a gate to show, scripts/gates/init.mjs.
 *
 * @module
 */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { runtime } from "../support/runtime.ts";
import { type Exit, runModule } from "../support/spawn.ts";

const project = new URL("../../", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", project), "utf8"));
const onDeno = runtime === "deno";
const work = mkdtempSync(join(tmpdir(), "tidings-init-"));
after(() => rmSync(work, { recursive: true, force: true }));

function tidings(args: string[], agent = "npm/10.9.0 node/v22.13.0 linux x64"): Promise<Exit> {
  return runModule(new URL("lib/cli/mod.ts", project), { args, env: { npm_config_user_agent: agent } });
}

const read = (...path: string[]): string => readFileSync(join(work, ...path), "utf8");

test("init writes the server, its page and a package.json, and says what to do next", async () => {
  const folder = join(work, "new", "deep");
  const { code, stdout, stderr } = await tidings(["init", folder]);
  assert.equal(stderr, "");
  assert.equal(code, 0);
  for (const name of ["server.mjs", "index.html"]) {
    const source = readFileSync(new URL(`template/${name}`, project), "utf8");
    assert.equal(read("new", "deep", name), source);
  }
  assert.deepEqual(JSON.parse(read("new", "deep", "package.json")), {
    private: true,
    type: "module",
    scripts: { start: "node server.mjs" },
    dependencies: { tidings: `^${version}` },
  });
  assert.match(stdout, /^Written: .*server\.mjs, .*index\.html, .*package\.json$/m);
  const steps = onDeno ? ["deno install", "deno run -A server.mjs"] : ["npm install", "node server.mjs"];
  assert.ok(stdout.includes([`cd ${folder}`, ...steps].map((step) => `  ${step}\n`).join("")), stdout);
});

test(
  "what to do next is told in the words of the package manager that ran it",
  { skip: onDeno },
  async () => {
    for (
      const [agent, steps] of [
        ["bun/1.4.5 npm/? node/v22.13.0 linux x64", ["bun install", "bun server.mjs"]],
        ["pnpm/10.1.0 npm/? node/v22.13.0 linux x64", ["pnpm install", "node server.mjs"]],
        ["something/1", ["npm install", "node server.mjs"]],
      ] as const
    ) {
      const { stdout } = await tidings(["init", join(work, agent.replace(/\W/g, "-"))], agent);
      assert.ok(stdout.includes(steps.map((step) => `  ${step}\n`).join("")), stdout);
    }
  },
);

test("a package.json that is there stays as it is, and the package is to be added to it", async () => {
  const folder = mkdtempSync(join(work, "own-"));
  const manifest = '{ "name": "own" }';
  writeFileSync(join(folder, "package.json"), manifest);
  const { code, stdout } = await tidings(["init", folder]);
  assert.equal(code, 0);
  assert.equal(readFileSync(join(folder, "package.json"), "utf8"), manifest);
  assert.match(stdout, onDeno ? /^ {2}deno add npm:tidings$/m : /^ {2}npm install tidings$/m);
  assert.doesNotMatch(stdout, /Written:.*package\.json/);
});

test("nothing is overwritten, and nothing is written beside what is there", async () => {
  const folder = mkdtempSync(join(work, "full-"));
  writeFileSync(join(folder, "index.html"), "mine");
  const { code, stdout, stderr } = await tidings(["init", folder]);
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /index\.html is there already, and nothing is overwritten: name another folder\n$/);
  assert.deepEqual(readdirSync(folder), ["index.html"]);
  assert.equal(readFileSync(join(folder, "index.html"), "utf8"), "mine");
});

test("what is no command, no option and no folder is refused in a sentence, with exit code 1", async () => {
  writeFileSync(join(work, "file"), "");
  for (
    const [args, pattern] of [
      [["int"], /^Unknown command "int": did you mean "init"\?\n$/],
      [["deploy"], /^Unknown command "deploy":\n\ntidings: [^]*tidings init \[folder\]/],
      [["init", "--forse", join(work, "none")], /--forse/],
      [
        ["init", join(work, "none"), "b"],
        /^One folder is taken, received .*none and b: run it once for each\n$/,
      ],
      [["init", join(work, "file")], /ENOTDIR|EEXIST/],
    ] as const
  ) {
    const { code, stdout, stderr } = await tidings([...args]);
    assert.match(stderr, pattern);
    assert.doesNotMatch(stderr, /^ +at /m);
    assert.equal(stdout, "");
    assert.equal(code, 1);
  }
  assert.equal(existsSync(join(work, "none")), false);
});

test("help and version are told", async () => {
  assert.match((await tidings([])).stdout, /tidings init \[folder\]/);
  assert.match((await tidings(["--help"])).stdout, /tidings init \[folder\]/);
  assert.match((await tidings(["init", "--help"])).stdout, /^tidings init \[folder\]\n/);
  assert.equal((await tidings(["--version"])).stdout, `${version}\n`);
});
