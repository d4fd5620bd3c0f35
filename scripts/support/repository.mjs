// Knows where the repository lies: package.json says it, and every other file follows.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** How each host spells the address of a file, of its plain bytes, and of a private report. */
const HOSTS = {
  "github.com": { file: "/blob/main/", raw: "/raw/main/", report: "/security/advisories/new" },
  "gitlab.com": {
    file: "/-/blob/main/",
    raw: "/-/raw/main/",
    report: "/-/issues/new?issue[confidential]=true",
  },
  "codeberg.org": { file: "/src/branch/main/", raw: "/raw/branch/main/", report: "/issues/new" },
};

/** Stands for the owner, whom nobody but the owner knows. */
const PLACEHOLDER = "OWNER";

const hosts = Object.keys(HOSTS);

/**
 * The address without what git and npm put around it.
 *
 * @param {string} text `https://github.com/owner/name`, or what `git remote get-url origin` prints
 * @throws when it is no address of a repository on a host that is known
 */
export function parseAddress(text) {
  const plain = text.trim().replace(/^git\+/, "").replace(/^(?:ssh:\/\/)?git@([^:/]+)[:/]/, "https://$1/")
    .replace(/\/$/, "").replace(/\.git$/, "");
  const [, host] = /^https:\/\/([^/]+)\/[\w.-]+(?:\/[\w.-]+)+$/.exec(plain) ?? [];
  if (host === undefined) {
    throw new Error(`"${text}" is no repository's address: give one such as https://github.com/owner/name`);
  }
  if (HOSTS[host] === undefined) {
    throw new Error(
      `How ${host} spells a link to a file is not known, only how ${hosts.join(", ")} do: add it to HOSTS ` +
        `in scripts/support/repository.mjs`,
    );
  }
  return plain;
}

export const isPlaceholder = (address) => new URL(address).pathname.startsWith(`/${PLACEHOLDER}/`);

/** Where package.json of `folder` says that the repository lies. */
export function addressIn(folder) {
  const { repository } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (typeof repository?.url !== "string") {
    throw new Error(`package.json has no "repository": { "type": "git", "url": "git+https://….git" }`);
  }
  return parseAddress(repository.url);
}

/** Everything that is made of the address. */
export function linksOf(address) {
  const { file, raw, report } = HOSTS[new URL(address).host];
  return { file: address + file, raw: address + raw, report: address + report, address };
}

/** What package.json has to say. */
export const fieldsOf = (address) => ({
  homepage: `${address}#readme`,
  bugs: { url: `${address}/issues` },
  repository: { type: "git", url: `git+${address}.git` },
});

/** The files of a tree that are text and not ignored, as `[path, text]`. */
export function* textFiles(folder) {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: folder,
  });
  for (const path of listed.toString().split("\0")) {
    if (path === "" || !existsSync(join(folder, path))) continue;
    const text = readFileSync(join(folder, path), "utf8");
    if (!text.includes("\0")) yield [path, text];
  }
}

const escape = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");

/** Finds an address, and not one that only begins with it: `…/tidings` is no part of `…/tidings-extra`. */
const finds = (address) => new RegExp(`${escape(address)}(?![\\w-]|\\.(?!git\\b)\\w)`, "g");

/** A text with one address in place of another, also where the two hosts spell links in different ways. */
export function moved(text, from, to) {
  const [before, after] = [linksOf(from), linksOf(to)];
  // Longer ones first: all of them begin with the address.
  return ["report", "file", "raw"].reduce((moving, key) => moving.replaceAll(before[key], after[key]), text)
    .replace(finds(from), to);
}

/** Addresses of a repository of the same name that belong to somebody else: what a move has left behind. */
export function strayAddresses(text, address) {
  const name = address.slice(address.lastIndexOf("/") + 1);
  const pattern = new RegExp(
    `https://(?:${hosts.map(escape).join("|")})/[\\w.-]+/${escape(name)}(?![\\w.-]*[\\w-])`,
    "g",
  );
  return [...text.matchAll(pattern)].map(([found]) => found).filter((found) => found !== address);
}
