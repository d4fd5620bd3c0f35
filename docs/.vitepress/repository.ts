/**
 * Leads links out of docs/ to where they can be followed: pages that the site has are linked within it, and other files of
 * the repository at its address. While package.json names no address, such a link is only text.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { MarkdownRenderer } from "vitepress";

const docs = fileURLToPath(new URL("..", import.meta.url));
const root = resolve(docs, "..");

/** Files outside docs/ that are pages of the site. */
const PAGES: Record<string, string> = { "SECURITY.md": "/security" };

const manifest = JSON.parse(
  readFileSync(resolve(root, "package.json"), "utf8"),
);

/** The address of the repository, as a browser opens it, if there is one. */
export const repository: string | undefined = /https:\/\/.*[^/]/.exec(
  manifest.repository?.url ?? manifest.repository ?? "",
)
  ?.[0].replace(/\.git$/, "");

/** Where a link leads on the site: `undefined` if that is no question, and `to` is `undefined` where it cannot be followed. */
function lead(
  href: string,
  page: string,
  folder: string,
): { to: string | undefined } | undefined {
  if (/^(?:[a-z]+:|#|\/)/.test(href)) return undefined;
  const [path = "", hash] = href.split("#");
  const file = resolve(folder, path);
  const fragment = hash === undefined ? "" : `#${hash}`;
  const inDocs = relative(docs, file);
  if (!inDocs.startsWith("..")) {
    return folder === root ? { to: `/${inDocs}${fragment}` } : undefined;
  }
  const name = relative(root, file);
  if (!existsSync(file)) {
    throw new Error(
      `${relative(root, page)} links to ${href}, and there is no ${name}`,
    );
  }
  if (name in PAGES) return { to: `${PAGES[name]}${fragment}` };
  return { to: repository && `${repository}/blob/HEAD/${name}${fragment}` };
}

/** A rule for VitePress' renderer of Markdown, to be set before its own. */
export function repositoryLinks(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push("repository-links", ({ tokens, env }) => {
    // The links of a page that only includes a file of the root are relative to the root.
    const folder = env.frontmatter?.includes ? root : dirname(env.path);
    for (const { children } of tokens) {
      let isText = false;
      for (const token of children ?? []) {
        if (token.type === "link_close" && isText) {
          isText = false;
          Object.assign(token, { type: "html_inline", content: "</span>" });
        }
        if (token.type !== "link_open") continue;
        const found = lead(token.attrGet("href") ?? "", env.path, folder);
        if (found === undefined) continue;
        if (found.to !== undefined) token.attrSet("href", found.to);
        else {
          isText = true;
          Object.assign(token, { type: "html_inline", content: "<span>" });
        }
      }
    }
  });
}
