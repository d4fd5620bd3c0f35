// Checks the documentation site: it builds, every link in it leads somewhere, and every error code is explained.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { read } from "../support/project.mjs";
import { buildDocs } from "../support/site.mjs";

/** The pages of the built site, by their addresses, with what they say. */
function pagesOf(dist) {
  const paths = readdirSync(dist, { recursive: true }).map((path) => path.replaceAll("\\", "/"));
  return new Map(
    paths.filter((path) => path.endsWith(".html")).map((path) => [
      `/${path}`,
      readFileSync(join(dist, path), "utf8"),
    ]),
  );
}

/** VitePress refuses links to pages that are not there; whether the place within the page is there, nobody else looks. */
async function links() {
  const dist = await buildDocs();
  const pages = pagesOf(dist);
  const files = new Set(readdirSync(dist, { recursive: true }).map((path) => `/${path}`));
  const ids = new Map([...pages].map(([path, html]) => [path, idsOf(html)]));
  const dead = [];
  let count = 0;
  for (const [path, html] of pages) {
    for (const [, href] of html.matchAll(/<a [^>]*?href="([^"]+)"/g)) {
      if (/^[a-z]+:/.test(href)) continue;
      count++;
      const [to, hash] = href.replaceAll("&amp;", "&").split("#");
      const target = to === "" ? path : addressOf(posix.resolve(dirname(path), to), to, files);
      if (!files.has(target)) dead.push(`${path} → ${href}: no such page`);
      else if (hash && !ids.get(target)?.has(decodeURIComponent(hash))) {
        dead.push(`${path} → ${href}: no such place`);
      }
    }
  }
  if (count < 100) throw new Error(`Only ${count} links were found, so this gate looks at nothing`);
  if (dead.length > 0) throw new Error(`Dead links on the site:\n  ${[...new Set(dead)].join("\n  ")}`);
}

const idsOf = (html) => new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id));

/** The file that answers for an address. */
function addressOf(path, href, files) {
  if (href.endsWith("/")) return posix.join(path, "index.html");
  return !files.has(path) && files.has(`${path}.html`) ? `${path}.html` : path;
}

/** Every page is in the menu of its language, so that it can be found. */
async function menus() {
  const pages = pagesOf(await buildDocs());
  const menu = (path) => pages.get(path).match(/<aside class="VPSidebar"[^]*?<\/aside>/)[0];
  const menus = { english: menu("/start.html"), chinese: menu("/zh/start.html") };
  const missing = [...pages.keys()].filter((path) =>
    !/^\/(zh\/|api\/)?(index|404)\.html$/.test(path) &&
    !menus[path.startsWith("/zh/") ? "chinese" : "english"]
      .includes(`href="${path.replace(/index\.html$/, "")}"`)
  );
  if (missing.length > 0) {
    throw new Error(`docs/.vitepress/sections.ts has no entry for ${missing.join(", ")}`);
  }
}

/** The closed set of codes, each with a heading of its own. */
function codes() {
  const [, union] = /export type TidingsErrorCode =([^;]+);/.exec(read("lib/base/errors.ts"));
  const wanted = [...union.matchAll(/"([a-z-]+)"/g)].map(([, code]) => code);
  const told = [...read("docs/errors.md").matchAll(/^### `([a-z-]+)`/gm)].map(([, code]) => code);
  const missing = wanted.filter((code) => !told.includes(code));
  const stale = told.filter((code) => !wanted.includes(code));
  if (wanted.length === 0 || missing.length > 0 || stale.length > 0) {
    throw new Error(
      `docs/errors.md and lib/base/errors.ts differ: not explained ${missing.join(", ") || "none"}; ` +
        `explained and not there ${stale.join(", ") || "none"}`,
    );
  }
}

export const gates = [
  { name: "the site builds", run: async () => void await buildDocs() },
  { name: "the site's links lead somewhere", run: links },
  { name: "the site's menus have every page", run: menus },
  { name: "every error code is explained", run: codes },
];
