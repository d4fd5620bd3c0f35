// Makes releases in a clone: one is refused for each thing that stands in its way, one changes nothing, one is made.
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exec } from "../support/exec.mjs";
import { copyProject, root } from "../support/project.mjs";
import { compareVersions, isVersion } from "../support/version.mjs";

const somebody = { name: "Somebody", email: "somebody@example.com" };
const env = {
  ...process.env,
  GIT_AUTHOR_NAME: somebody.name,
  GIT_AUTHOR_EMAIL: somebody.email,
  GIT_COMMITTER_NAME: somebody.name,
  GIT_COMMITTER_EMAIL: somebody.email,
};

/** The order that section 11 of Semantic Versioning gives as its example, and what is no version. */
function order() {
  const rising = [
    ...["0.9.10", "0.10.0", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"],
    ...["1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "2.0.0", "10.0.0"],
  ];
  for (const [row, a] of rising.entries()) {
    if (!isVersion(a)) throw new Error(`${a} is not taken for a version`);
    for (const [column, b] of rising.entries()) {
      if (Math.sign(compareVersions(a, b)) !== Math.sign(row - column)) throw new Error(`${a} beside ${b}`);
    }
  }
  for (
    const wrong of [
      "",
      "1",
      "1.2",
      "v1.2.3",
      "1.2.3.4",
      "01.2.3",
      "1.2.3-",
      "1.2.3-01",
      "1.2.3+build",
      "major",
    ]
  ) {
    if (isVersion(wrong)) throw new Error(`"${wrong}" is taken for a version`);
  }
}

/** A clone as the owner has it, on main, with everything committed. */
function owned(work) {
  const cwd = join(work, "releasing");
  mkdirSync(cwd);
  copyProject(cwd);
  const git = (...args) => execFileSync("git", args, { cwd, env, encoding: "utf8" }).trim();
  git("init", "--quiet", "--initial-branch=main");
  symlinkSync(join(root, "node_modules"), join(cwd, "node_modules"));
  // A link is not the folder that .gitignore names.
  appendFileSync(join(cwd, ".git/info/exclude"), "node_modules\n");
  git("add", "--all");
  git("commit", "--quiet", "--message", "everything");
  return { cwd, git };
}

async function makeReleases({ work }) {
  const { cwd, git } = owned(work);
  const text = (path) => readFileSync(join(cwd, path), "utf8");
  const script = (name, ...args) => exec([process.execPath, `scripts/${name}.mjs`, ...args], { cwd, env });
  const state = () =>
    [git("rev-parse", "HEAD"), git("status", "--porcelain"), git("tag", "--list")].join("\n");

  /** It has to be refused with these words, and to leave everything as it is. */
  async function refused(version, pattern) {
    const before = state();
    const message = await script("release", version).then(() => "it was made", (error) => error.message);
    if (!pattern.test(message)) {
      throw new Error(`Asked for "${version}", where ${pattern} is due: ${message}`);
    }
    if (state() !== before) throw new Error(`The refused release of "${version}" changed something`);
  }

  await refused("9.0.0", /OWNER\/\S+ is a placeholder/);
  await script("repository", "https://github.com/acme/" + "tidings");
  await refused("9.0.0", /not committed[^]+README\.md/);
  git("commit", "--quiet", "--all", "--message", "the address");
  await refused("v9.0.0", /"v9\.0\.0" is no version/);
  await refused("0.0.1", /0\.0\.1 is lower than/);
  git("switch", "--quiet", "--create", "elsewhere");
  await refused("9.0.0", /the branch elsewhere: a release is made on main/);
  git("switch", "--quiet", "main");

  const before = state();
  const shown = await script("release", "9.0.0-rc.1", "--dry-run");
  if (state() !== before) throw new Error("With --dry-run something was changed");
  for (
    const part of [
      "tidings@9.0.0-rc.1",
      " dist/mod.js",
      " docs/reference.md",
      "@tidings/tidings@9.0.0-rc.1",
      " lib/serve/mod.ts",
    ]
  ) {
    if (!shown.includes(part)) throw new Error(`With --dry-run "${part}" was not shown:\n${shown}`);
  }

  const hook = join(cwd, ".git/hooks/reference-transaction");
  writeFileSync(hook, '#!/bin/sh\n! { [ "$1" = prepared ] && grep -q refs/tags/; }\n', { mode: 0o755 });
  await refused("9.0.0", /v9\.0\.0/);
  rmSync(hook);

  const said = await script("release", "9.0.0");
  for (const command of ["git push origin main", "git push origin v9.0.0"]) {
    if (!said.includes(command)) throw new Error(`It does not say "${command}":\n${said}`);
  }
  if (git("tag", "--points-at", "HEAD") !== "v9.0.0") throw new Error("The commit is not tagged");
  if (git("status", "--porcelain") !== "") throw new Error("The release left the tree in disorder");
  for (const path of ["package.json", "deno.json", "package-lock.json"]) {
    const { version } = JSON.parse(text(path));
    if (version !== "9.0.0") throw new Error(`${path} says ${version}`);
  }
  if (JSON.parse(text("package-lock.json")).packages[""].version !== "9.0.0") {
    throw new Error("package-lock.json does not say the version of its own package");
  }
  if (!/^## Unreleased\n\n## 9\.0\.0 - \d{4}-\d\d-\d\d\n\n\S/m.test(text("CHANGELOG.md"))) {
    throw new Error(`The changelog begins with\n${text("CHANGELOG.md").slice(0, 300)}`);
  }

  await refused("9.0.1", /says nothing below "## Unreleased"/);
  writeFileSync(join(cwd, "CHANGELOG.md"), text("CHANGELOG.md").replace("## Unreleased\n", "$&\n- A fix.\n"));
  git("commit", "--quiet", "--all", "--message", "fix: something");
  await refused("9.0.0", /9\.0\.0 is not higher than 9\.0\.0/);
  await refused("9.0.0-rc.2", /9\.0\.0-rc\.2 is not higher than 9\.0\.0/);
  await script("release", "9.0.1", "--dry-run");
  git("tag", "v9.0.1");
  await refused("9.0.1", /The tag v9\.0\.1 is there already/);
}

export const gates = [
  { name: "the order of versions", run: order },
  { name: "npm run release", run: makeReleases },
];
