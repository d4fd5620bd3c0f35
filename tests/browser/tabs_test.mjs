// Tests eight tabs of each page at once. A browser opens six connections to a server, so tabs that each held one would hang.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { describeBrowsers, skipWithout } from "./each.mjs";
import { serverFor } from "./server.mjs";
import { openPage, press, waitFor } from "./support.mjs";

const TABS = 8;
const timeout = 200_000;
const program = "tests/browser/counting_gallery.ts";

/** The page, what is there once something was received, and how its stream is asked for. */
const pages = {
  introduction: { received: ".arrivals li", stream: /^\/introduction\/events/ },
  ticker: { received: ".arrivals li", stream: /^\/sse/ },
  "named-events": { received: "#ours li", stream: /^\/events/ },
  "named-events/?from=here": { received: "#ours li", stream: /^\/events/ },
  dashboard: { received: "#messages li, #clients tr", stream: /^\/stream/ },
  upload: { received: "#code:not([hidden]) #qr svg", stream: /^\/v1\/api\/sse/ },
};

/** Opens tabs one after the other: a page that hangs does not load, and the next one neither. */
async function openTabs(t, browser, url) {
  const tabs = [];
  for (let n = 0; n < TABS; n++) tabs.push(await openPage(t, browser, url));
  return tabs;
}

const receives = (tab, selector) => waitFor(tab, (selector) => document.querySelector(selector), selector);
const isLive = (tab, badge) =>
  waitFor(tab, (badge) => document.querySelector(badge).dataset.state === "open", badge);

describeBrowsers((browser) => {
  for (const [path, { received, stream }] of Object.entries(pages)) {
    test(`${path}: eight tabs, one connection`, { timeout }, async (t) => {
      const server = await serverFor(t, "node", { program });
      const url = `${server.url}/${path.includes("?") ? path : `${path}/`}`;
      const tabs = await openTabs(t, browser(), url);
      for (const tab of tabs) {
        await receives(tab, received);
        await isLive(tab, "#status, #ours-status");
      }
      // Beside the stream of connect() there is the one of the bare EventSource, in one tab only.
      const expected = path.startsWith("named-events") ? 2 : 1;
      await waitForCount(server, stream, expected);
      if (expected === 2) {
        const said = await Promise.all(tabs.map((tab) => tab.$eval("#bare-count", (e) => e.textContent)));
        assert.equal(
          said.filter((sentence) => /^Another tab of this browser has it/.test(sentence)).length,
          7,
        );
      }
      // The one that holds the connection goes, and the others stay.
      await tabs[0].goto("about:blank");
      await tabs[0].evaluate(() => globalThis.failures = []);
      const last = tabs.at(-1);
      await last.evaluate((received) => document.querySelector(received).dataset.old = "", received);
      if (path !== "upload") await receives(last, `:is(${received}):not([data-old])`);
      await isLive(last, "#status, #ours-status");
    });
  }

  test(
    "job: eight tabs of a job, one connection, and each is told at once where it is",
    { timeout },
    async (t) => {
      // It rests for so long that nobody learns of the job by its next news.
      const env = { JOB_REST: "60000" };
      const server = await serverFor(t, "node", { program, env });
      const first = await openPage(t, browser(), `${server.url}/job/`);
      await press(first, "#start");
      await receives(first, "#job[data-state=running]");
      const tabs = [first];
      while (tabs.length < TABS) tabs.push(await openPage(t, browser(), first.url()));
      for (const tab of tabs) {
        await receives(tab, "#job[data-state=running]");
        await isLive(tab, "#status");
      }
      // What the others asked once is over.
      await waitForCount(server, /^\/job\/jobs\/\w/, 1);
      await press(tabs[3], "#cancel");
      for (const tab of tabs) await receives(tab, "#job[data-state=stopped]");
      await waitForCount(server, /^\/job\/jobs\/\w/, 0);
    },
  );

  test("the front page: eight tabs, and those out of sight have no connection", { timeout }, async (t) => {
    const server = await serverFor(t, "node", { program });
    const tabs = await openTabs(t, browser(), `${server.url}/`);
    for (const tab of [tabs[0], tabs[5], tabs[7]]) {
      await tab.bringToFront();
      await tab.evaluate(() => document.querySelector("#wire").replaceChildren());
      await receives(tab, "#wire [data-kind=received]");
      await receives(tab, "#status[data-state=open]");
      for (const path of [/^\/gallery\/prices/, /^\/gallery\/figures/]) await waitForCount(server, path, 1);
    }
  });

  test("eight tabs, each of another page of the gallery, all live", { timeout }, async (t) => {
    const server = await serverFor(t, "node", { program });
    const front = await openPage(t, browser(), `${server.url}/`);
    await receives(front, "#status[data-state=open]");
    const tabs = {};
    for (const path of ["introduction", "ticker", "named-events", "dashboard", "upload", "tokens", "job"]) {
      tabs[path] = await openPage(t, browser(), `${server.url}/${path}/`);
      if (pages[path]) await receives(tabs[path], pages[path].received);
    }
    await tabs.tokens.bringToFront();
    await press(tabs.tokens, "#suggestion");
    await receives(tabs.tokens, ".answer:not(:empty)");
    await press(tabs.tokens, "#stop");
    await receives(tabs.tokens, '.answer[aria-busy="false"]');
    await press(tabs.job, "#start");
    await receives(tabs.job, "#job[data-state=running]");
    await press(tabs.job, "#cancel");
    await receives(tabs.job, "#job[data-state=stopped]");
    await front.bringToFront();
    await front.evaluate(() => document.querySelector("#wire").replaceChildren());
    await receives(front, "#wire [data-kind=received]");
    await receives(front, "#status[data-state=open]");
  });

  test("upload: all tabs have the same code, and a new one in one is new in all", { timeout }, async (t) => {
    const server = await serverFor(t, "node", { program: "examples/upload/server.ts" });
    const tabs = [];
    while (tabs.length < 3) tabs.push(await openPage(t, browser(), `${server.url}/upload/`));
    const link = (tab) => tab.$eval("#link", ({ href }) => href);
    for (const tab of tabs) await receives(tab, pages.upload.received);
    const links = await Promise.all(tabs.map(link));
    assert.deepEqual(new Set(links).size, 1);
    await press(tabs[1], "#renew");
    for (const tab of tabs) {
      await waitFor(
        tab,
        (old) => !document.querySelector("#code").hidden && document.querySelector("#link").href !== old,
        links[0],
      );
    }
    assert.equal(new Set(await Promise.all(tabs.map(link))).size, 1);
  });

  const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;
  const skip = skipWithout(hasRedis ? false : "redis-server is not installed");
  test("cluster: eight tabs on three connections", { timeout, skip }, async (t) => {
    const server = await serverFor(t, "node", { program: "examples/cluster/server.ts" });
    t.after(() => server.end());
    const tabs = await openTabs(t, browser(), `${server.url}/cluster/`);
    for (const tab of tabs) {
      await waitFor(tab, () => Number(document.querySelector("#last").textContent) > 10);
      await isLive(tab, "#status");
    }
    const { nodes } = await (await fetch(`${server.url}/cluster/figures`)).json();
    assert.equal(nodes.reduce((sum, { clients }) => sum + clients, 0), 3);
    // Each tab knows whose connection it has, also those that share another tab's.
    const names = nodes.filter(({ clients }) => clients > 0).map(({ name }) => name);
    for (const tab of tabs) {
      await waitFor(tab, (names) => names.includes(document.querySelector("#node").textContent), names);
    }
  });
});

/** What is under way at the server, by path: see counting_gallery.ts. */
const underWay = (server) => JSON.parse(server.output().match(/(?<=^open: ).*$/gm)?.at(-1) ?? "{}");

/** Waits until so many requests for the path are under way at the server. */
async function waitForCount(server, path, wanted) {
  const count = () =>
    Object.entries(underWay(server)).reduce((sum, [key, n]) => sum + (path.test(key) ? n : 0), 0);
  for (const end = Date.now() + 20_000; count() !== wanted;) {
    if (Date.now() > end) assert.equal(count(), wanted, JSON.stringify(underWay(server)));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
