// Makes a release: checks, shows what would be published, writes the version everywhere, commits and tags. It pushes nothing.
//   npm run release -- 1.2.3
//   npm run release -- 1.2.3 --dry-run     all of it in a copy that is deleted; nothing is changed here
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { exec } from "./support/exec.mjs";
import { read, readJson, root } from "./support/project.mjs";
import { addressIn, isPlaceholder } from "./support/repository.mjs";
import { compareVersions, isVersion, released, releaseFiles, unreleased } from "./support/version.mjs";

const BRANCH = "main";

const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();

/** Everything that stands in the way, each with what to do about it. */
function* obstacles(version) {
  const changelog = read("CHANGELOG.md");
  const current = readJson("package.json").version;
  const last = released(changelog);
  if (!isVersion(version)) {
    yield `"${version}" is no version: give one such as 1.2.3 or 1.2.3-beta.1, with no "v" before it`;
  } else if (last !== undefined && compareVersions(version, last) <= 0) {
    yield `${version} is not higher than ${last}, the last one in CHANGELOG.md: give a higher one`;
  } else if (compareVersions(version, current) < 0) {
    yield `${version} is lower than ${current} in package.json: give that one or a higher one`;
  } else if (git("tag", "--list", `v${version}`) !== "") {
    yield `The tag v${version} is there already: give a higher version, or delete it with "git tag -d v${version}"`;
  }
  const dirty = git("status", "--porcelain");
  if (dirty !== "") yield `There are changes that are not committed: commit or stash them\n${dirty}`;
  const branch = git("rev-parse", "--abbrev-ref", "HEAD");
  if (branch !== BRANCH) {
    yield `This is the branch ${branch}: a release is made on ${BRANCH}, so "git switch ${BRANCH}"`;
  }
  if (!unreleased(changelog)) {
    yield `CHANGELOG.md says nothing below "## Unreleased": write there what this release changes`;
  }
  const address = addressIn(root);
  if (isPlaceholder(address)) {
    yield `${address} is a placeholder: fill it in with "npm run repository -- https://github.com/owner/name"`;
  }
  if (!existsSync(join(root, "node_modules"))) yield `Nothing is installed here: run "npm ci"`;
}

/** Writes the release's files into a folder, and answers their paths. */
function writeFiles(folder, version) {
  const day = new Date().toISOString().slice(0, 10);
  const files = [...releaseFiles((path) => readFileSync(join(folder, path), "utf8"), version, day)];
  for (const [path, text] of files) writeFileSync(join(folder, path), text);
  return files.map(([path]) => path);
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`;

/** Builds the release in a clone, so that one which cannot be built leaves no trace here, and tells what is in it. */
async function rehearse(version) {
  const folder = mkdtempSync(join(tmpdir(), "tidings-release-"));
  try {
    git("clone", "--quiet", root, folder);
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFiles(folder, version);
    const here = { cwd: folder };
    await exec([process.execPath, "scripts/build.mjs"], here);
    const packed = await exec(["npm", "pack", "--dry-run", "--json", "--ignore-scripts"], here);
    const [npm] = JSON.parse(packed.slice(packed.indexOf("[")));
    console.log(`npm gets ${npm.id}: ${npm.files.length} files,${kilobytes(npm.size)} packed`);
    for (const { path, size } of npm.files) console.log(`${kilobytes(size)}  ${path}`);
    const deno = join(folder, "node_modules/.bin/deno");
    const listed = await exec([deno, "publish", "--dry-run", "--allow-dirty"], {
      ...here,
      env: { ...process.env, NO_COLOR: "1" },
    });
    const files = [...listed.matchAll(/file:\/\/(\S+) \((.+)\)/g)].map((
      [, path, size],
    ) => [path.split(/tidings-release-\w+\//)[1], size]);
    console.log(`\nJSR gets ${readJson("deno.json").name}@${version}: ${files.length} files`);
    for (const [path, size] of files) console.log(`${size.padStart(10)}  ${path}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Commits and tags. If one of them fails, for want of a signature perhaps, all is as before: the tree was clean. */
function seal(version) {
  const before = git("rev-parse", "HEAD");
  try {
    const paths = writeFiles(root, version);
    git("commit", "--quiet", "--message", `chore: release ${version}`, "--", ...paths);
    git("tag", "--annotate", `v${version}`, "--message", `tidings ${version}`);
  } catch (error) {
    git("reset", "--quiet", "--hard", before);
    throw error;
  }
}

async function main() {
  const { positionals: [version, ...more], values } = parseArgs({
    allowPositionals: true,
    options: { "dry-run": { type: "boolean", default: false } },
  });
  if (version === undefined || more.length > 0) {
    throw new Error("Say one version: npm run release -- 1.2.3, and --dry-run to change nothing");
  }
  const found = [...obstacles(version)];
  if (found.length > 0) throw new Error(`${version} cannot be released yet.\n- ${found.join("\n- ")}`);
  await rehearse(version);
  if (values["dry-run"]) {
    console.log(`\nNothing was changed. The same without --dry-run commits and tags ${version}.`);
    return;
  }
  seal(version);
  console.log(`
${version} is committed and tagged, and nothing has left this machine. To go on:
  git push origin ${BRANCH}
  git push origin v${version}     # when the checks of main have passed: this one publishes
To take it back instead: git tag -d v${version} && git reset --hard HEAD~1`);
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
