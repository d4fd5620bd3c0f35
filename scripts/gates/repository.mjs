// Checks that every file names the repository where package.json says it is, that links to it and beside it lead to what is
// in the tree, and that one command moves them all.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { exec } from "../support/exec.mjs";
import { broken, isMarkdown, targets } from "../support/links.mjs";
import { copyProject, root } from "../support/project.mjs";
import { addressIn, fieldsOf, linksOf, strayAddresses, textFiles } from "../support/repository.mjs";

/** Read outside of the repository too, on npm and on JSR, where a relative link leads nowhere. */
const ABROAD = ["README.md", "README.zh-CN.md"];

/** Every file says what package.json says. */
function oneAddress(folder) {
  const address = addressIn(folder);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const problems = Object.entries(fieldsOf(address))
    .filter(([name, value]) => JSON.stringify(manifest[name]) !== JSON.stringify(value))
    .map(([name, value]) => `"${name}" in package.json is not ${JSON.stringify(value)}`);
  const naming = [];
  for (const [path, text] of textFiles(folder)) {
    if (text.includes(address)) naming.push(path);
    for (const found of new Set(strayAddresses(text, address))) problems.push(`${path} names ${found}`);
    if (!ABROAD.includes(path)) continue;
    const near = [...targets(text)].filter((target) => !/^(https:|#)/.test(target));
    if (near.length > 0) {
      problems.push(`${path} links to ${near.join(", ")}, which leads nowhere on npm: begin with ${address}`);
    }
  }
  for (const path of [...ABROAD, "SECURITY.md"]) {
    if (!naming.includes(path)) problems.push(`${path} does not say where the repository is`);
  }
  if (problems.length > 0) {
    throw new Error(
      `The repository is at ${address}, says package.json:\n  ${problems.join("\n  ")}\n` +
        `Run: npm run repository -- <address>, or mend what it did not find`,
    );
  }
}

/** Links to files of the repository, in every file; and links from one document to another. */
function links(folder) {
  const { file, raw } = linksOf(addressIn(folder));
  const problems = [];
  let count = 0;
  const check = (path, target, shown = target) => {
    count++;
    const problem = broken(folder, target);
    if (problem !== undefined) problems.push(`${path} links to ${shown}: ${problem}`);
  };
  for (const [path, text] of textFiles(folder)) {
    for (const prefix of [file, raw]) {
      for (const part of text.split(prefix).slice(1)) {
        // A template's hole, as in an "edit this page" link, stands for a file that is not known here.
        const target = /^[^\s"'`)<>\]]*/.exec(part)[0].replace(/[.,:;]+$/, "");
        if (!/^[:$]|[{}]/.test(target)) check(path, target, prefix + target);
      }
    }
    // The documentation's site resolves its own links, and checks them.
    if (!isMarkdown(path) || path.startsWith("docs/")) continue;
    for (const target of targets(text)) {
      if (/^[a-z]+:/.test(target)) continue;
      check(path, target.startsWith("#") ? path + target : normalize(join(dirname(path), target)), target);
    }
  }
  // A pattern that finds no link finds no broken one either.
  if (count < 30) throw new Error(`Only ${count} links were found`);
  if (problems.length > 0) throw new Error(`Links that lead nowhere:\n  ${problems.join("\n  ")}`);
}

/** A copy of the tree with a repository of its own around it. */
function copy(work) {
  const folder = join(work, "moving");
  mkdirSync(folder);
  copyProject(folder);
  execFileSync("git", ["init", "--quiet"], { cwd: folder });
  return folder;
}

/** There and back again, over two hosts, until every file is as it was. */
async function move({ work }) {
  const folder = copy(work);
  const before = new Map(textFiles(folder));
  const home = addressIn(folder);
  const to = (address) => exec([process.execPath, "scripts/repository.mjs", address], { cwd: folder });
  // Not spelt out: it would be an address that the move itself finds in this file.
  const github = `https://${"github.com"}/acme`;
  const moves = [
    [`${github}/tidings.git`, `${github}/tidings`],
    ["git@gitlab.com:acme/web/sse.git", `https://${"gitlab.com"}/acme/web/sse`],
    [`${github}/tidings-events/`, `${github}/tidings-events`],
  ];
  for (const [given, address] of moves) {
    await to(given);
    if (addressIn(folder) !== address) throw new Error(`After ${given} it is at ${addressIn(folder)}`);
    oneAddress(folder);
    links(folder);
    const left = [...textFiles(folder)].filter(([, text]) => text.includes(`${home}/`));
    if (left.length > 0) throw new Error(`${left.map(([path]) => path).join(", ")} still names ${home}`);
    const again = await to(address);
    if (!again.includes("already")) throw new Error(`A second time it said: ${again}`);
  }
  await to(home);
  const changed = [...textFiles(folder)].filter(([path, text]) => before.get(path) !== text);
  if (changed.length > 0) {
    throw new Error(`There and back again changed ${changed.map(([path]) => path).join(", ")}`);
  }
  for (const wrong of ["acme/tidings", "https://example.com/acme/tidings", github]) {
    const refused = await to(wrong).then(() => undefined, ({ message }) => message);
    if (!/ is no repository's address|is not known/.test(refused)) throw new Error(`${wrong}: ${refused}`);
  }
}

export const gates = [
  { name: "one address of the repository", run: () => oneAddress(root) },
  { name: "links to the repository", run: () => links(root) },
  { name: "npm run repository", run: move },
];
