// Reads the links of Markdown, and says of one that leads nowhere why.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const isMarkdown = (path) => path.endsWith(".md");

/** A document without its blocks of code, in which a bracket is no link and a hash is no heading. */
const prose = (text) => text.replace(/^(`{3,})[^]*?^\1$/gm, "");

/** The targets of the links and images of a Markdown text. */
export function* targets(text) {
  const plain = prose(text).replace(/`[^`\n]+`/g, "");
  for (const [, target] of plain.matchAll(/\]\(([^)\s]+)\)/g)) yield target;
  for (const [, target] of plain.matchAll(/^\[[^\]]+\]: (\S+)$/gm)) yield target;
}

/** What a host makes of the headings of a Markdown text, to be linked to. */
function anchors(text) {
  const seen = new Map();
  return new Set([...prose(text).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => {
    const plain = heading.replace(/\[([^\]]*)\](\([^)]*\)|\[[^\]]*\])/g, "$1").replaceAll("`", "");
    const slug = plain.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replace(/\s/g, "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  }));
}

/** What is wrong with a link to `target`, a path of the tree with an anchor perhaps; `undefined` if nothing is. */
export function broken(folder, target) {
  const [path, anchor] = decodeURI(target).split("#");
  if (!existsSync(join(folder, path))) return "there is no such file";
  if (anchor === undefined || anchor === "" || !isMarkdown(path)) return undefined;
  const there = anchors(readFileSync(join(folder, path), "utf8"));
  return there.has(anchor) ? undefined : `${path} has no heading #${anchor}`;
}
