// Opens every page of the documentation site in a real browser: narrow and wide, light and dark.
import { createReadStream, readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { launchBrowser } from "../support/browsers.mjs";
import { buildDocs, docs } from "../support/site.mjs";

const WIDTHS = [360, 1280];
const SCHEMES = ["light", "dark"];
/** Pages at once. */
const AT_ONCE = 2;

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".gif": "image/gif",
  ".json": "application/json",
};

/** Serves the built site as any web server would. */
function serveFolder(folder) {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url, "http://localhost");
      const path = join(folder, normalize(decodeURIComponent(pathname)));
      const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, "index.html") : path;
      if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return void response.writeHead(404).end();
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
      createReadStream(file).pipe(response);
    }).listen(0, "127.0.0.1", () => resolve(server));
  });
}

/** What is wrong with a page as it is shown now. Runs in the page. */
async function faults() {
  const { scrollWidth, clientWidth } = document.documentElement;
  const found = scrollWidth > clientWidth ? [`is ${scrollWidth - clientWidth} px too wide`] : [];
  for (const table of document.querySelectorAll("main table")) {
    if (table.scrollWidth > table.clientWidth) found.push(`cuts a table: ${table.innerText.slice(0, 60)}`);
  }
  const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
  for (const { id, impact, nodes } of violations) {
    if (impact !== "serious" && impact !== "critical") continue;
    found.push(`axe: ${id} (${impact}), ${nodes.length} ×: ${nodes[0].html.slice(0, 160)}`);
  }
  return found;
}

/** Opens an address and looks at it. @returns what is wrong with it */
async function look(browser, origin, address, width, axe) {
  const page = await browser.newPage();
  const found = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !url.startsWith("data:")) found.push(`asks for ${url}`);
  });
  page.on("console", (message) => message.type() === "error" && found.push(`prints ${message.text()}`));
  page.on("pageerror", (error) => found.push(`throws ${error.message}`));
  try {
    await page.setViewport({ width, height: 800 });
    await page.goto(`${origin}${address}`, { waitUntil: "load" });
    // Built pages are text first; what a page's script does wrong is seen once it has taken over.
    await page.waitForFunction(() => document.querySelector("#app")?.__vue_app__ !== undefined);
    await page.addStyleTag({ content: "* { transition: none !important; animation: none !important }" });
    await page.evaluate(axe);
    for (const scheme of SCHEMES) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.waitForFunction(
        (isDark) => document.documentElement.classList.contains("dark") === isDark,
        {},
        scheme === "dark",
      );
      found.push(...(await page.evaluate(faults)).map((fault) => `${scheme}: ${fault}`));
    }
  } finally {
    await page.close();
  }
  return found.map((fault) => `${address} at ${width} px ${fault}`);
}

/** The search finds pages in both languages, and asks nobody else. */
async function search(browser, origin, address, text) {
  const page = await browser.newPage();
  try {
    await page.goto(`${origin}${address}`, { waitUntil: "load" });
    await page.waitForFunction(() => document.querySelector("#app")?.__vue_app__ !== undefined);
    await page.click(".DocSearch-Button");
    await page.waitForSelector(".VPLocalSearchBox input");
    await page.type(".VPLocalSearchBox input", text);
    await page.waitForSelector(".VPLocalSearchBox .result", { timeout: 20_000 });
    return [];
  } catch (error) {
    return [`${address}: the search for ${text} finds nothing: ${error.message}`];
  } finally {
    await page.close();
  }
}

async function browse() {
  const dist = await buildDocs();
  const addresses = readdirSync(dist, { recursive: true }).filter((path) => path.endsWith(".html"))
    .map((path) => `/${path.replaceAll("\\", "/")}`).filter((path) => path !== "/404.html");
  const visits = addresses.flatMap((address) => WIDTHS.map((width) => ({ address, width })));
  const axe = readFileSync(join(docs, "node_modules/axe-core/axe.min.js"), "utf8");
  const server = await serveFolder(dist);
  const origin = `http://127.0.0.1:${server.address().port}`;
  const browser = await launchBrowser("chromium");
  const found = [];
  const visitor = async () => {
    for (let visit = visits.pop(); visit !== undefined; visit = visits.pop()) {
      found.push(...await look(browser, origin, visit.address, visit.width, axe));
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, visitor));
    found.push(...await search(browser, origin, "/start.html", "backpressure"));
    found.push(...await search(browser, origin, "/zh/start.html", "背压"));
  } finally {
    await browser.close();
    server.closeAllConnections();
    server.close();
  }
  if (found.length > 0) throw new Error(`${found.length} faults:\n  ${found.sort().join("\n  ")}`);
}

export const gates = [{ name: "the site in a browser, 360 and 1280 px, light and dark", run: browse }];
