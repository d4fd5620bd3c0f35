/**
 * Leads links out of docs/ to where they can be followed: pages that the site has are linked within it, other files of the
 * repository at its address, and images of the repository become the site's own.
 */
import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { MarkdownRenderer } from "vitepress";
import { addressIn, linksOf } from "../../scripts/support/repository.mjs";

const docs = fileURLToPath(new URL("..", import.meta.url));
const root = resolve(docs, "..");

/** Files outside docs/ that are pages of the site. */
const PAGES: Record<string, string> = { "SECURITY.md": "/security" };

const links = linksOf(addressIn(root));

/** The address of the repository, as a browser opens it. */
export const repository: string = links.address;

/** Where a link of a page leads on the site; `undefined` if as it stands. */
function lead(href: string, page: string, folder: string): string | undefined {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return undefined;
  const [path = "", hash] = href.split("#");
  const file = resolve(folder, path);
  const fragment = hash === undefined ? "" : `#${hash}`;
  const inDocs = relative(docs, file);
  if (!inDocs.startsWith("..")) return folder === root ? `/${inDocs}${fragment}` : undefined;
  const name = relative(root, file);
  if (!existsSync(file)) throw new Error(`${relative(root, page)} links to ${href}, and there is no ${name}`);
  return (PAGES[name] ?? links.file + name) + fragment;
}

/** The address of an image's own file, as the page's folder sees it: the site asks nobody else for it. */
function ownImage(src: string, folder: string): string | undefined {
  if (!src.startsWith(links.raw)) return undefined;
  return relative(folder, resolve(root, src.slice(links.raw.length))).replaceAll(sep, "/");
}

/** A rule for VitePress' renderer of Markdown, to be set before its own. */
export function repositoryLinks(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push("repository-links", ({ tokens, env }) => {
    // The links of a page that only includes a file of the root are relative to the root.
    const folder = env.frontmatter?.includes ? root : dirname(env.path);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === "link_open" && lead(token.attrGet("href") ?? "", env.path, folder);
      if (href) token.attrSet("href", href);
      const src = token.type === "image" && ownImage(token.attrGet("src") ?? "", dirname(env.path));
      if (src) token.attrSet("src", src);
    }
  });
}
