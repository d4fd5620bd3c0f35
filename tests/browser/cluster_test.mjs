// Tests the cluster's page, while everything behind it is killed with its own buttons.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { browserNames, findBrowser, launchBrowser } from "../../scripts/support/browsers.mjs";
import { eachBrowser, skipWithout } from "./each.mjs";
import { sizes, takePicture } from "./screenshots.mjs";
import { startServer } from "./server.mjs";
import { openPage, waitFor } from "./support.mjs";

const lacks = (program) => spawnSync(program, ["--version"]).status !== 0 && `${program} is not installed`;
const hasRedis = !lacks("redis-server");
const noNats = lacks("nats-server");
// Debian puts it on no path.
const noPostgres = !existsSync("/usr/lib/postgresql") && lacks("postgres");
const skip = skipWithout(hasRedis ? false : "redis-server is not installed");

const start = (runtime, env = {}) => startServer(runtime, { program: "examples/cluster/server.ts", env });

/** Runs a test with a scope whose `after` undoes things last first: pages before their browser. */
async function scoped(run) {
  const undo = [];
  try {
    await run({ after: (step) => undo.push(step) });
  } finally {
    for (const step of undo.reverse()) await step();
  }
}

/** Presses a button of a server's row, once it is there. */
async function press(page, name, act) {
  await waitFor(
    page,
    (name, act) => {
      const button = document.querySelector(`[data-name="${name}"] [data-act="${act}"]`);
      return button && !button.hidden;
    },
    name,
    act,
  );
  await page.evaluate(
    (name, act) => document.querySelector(`[data-name="${name}"] [data-act="${act}"]`).click(),
    name,
    act,
  );
}

const waitForMachine = (page, name, state) =>
  waitFor(
    page,
    (name, state) => document.querySelector(`[data-name="${name}"] .badge`)?.dataset.machine === state,
    name,
    state,
  );

/** Notices that a machine was in another state, however shortly: a restart may be over before anybody looks. */
const watchMachine = (page, name) =>
  page.evaluate((name) => {
    globalThis.hasChanged = false;
    new MutationObserver((records) => {
      globalThis.hasChanged ||= records.some(({ oldValue, target }) => oldValue !== target.dataset.machine);
    }).observe(document.querySelector(`[data-name="${name}"] .badge`), {
      attributes: true,
      attributeFilter: ["data-machine"],
      attributeOldValue: true,
    });
  }, name);

const figure = (page, id) => page.evaluate((id) => document.getElementById(id).textContent, id);

/** The node that a page is on, once it knows. */
const nodeOf = async (page) =>
  (await waitFor(page, () => document.querySelector("[data-here]")?.dataset.name)).jsonValue();

const waitForNumber = (page, number) =>
  waitFor(page, (number) => Number(document.querySelector("#last").textContent) >= number, number);

/** Waits until more was published, and sees that nothing of it was lost, doubled or missing. */
async function settle(pages, { more = 20 } = {}) {
  const number = Number(await figure(pages[0], "acknowledged")) + more;
  for (const page of pages) {
    await waitForNumber(page, number);
    for (const id of ["lost", "doubled", "gaps"]) assert.equal(await figure(page, id), "0", id);
  }
}

/** Waits until the timeline tells of this, with nothing lost since, and shows it in a lane. */
async function timelineSays(page, told) {
  await waitFor(
    page,
    (told) =>
      [...document.querySelectorAll("#outages li p")].some(({ textContent }) =>
        new RegExp(`^${told}Since then \\d+ numbers: 0 lost, 0 doubled$`).test(textContent)
      ),
    told,
  );
  assert.ok(await page.$$eval("#lanes i", (marks) => marks.length) > 0);
}

/** Kills whatever there is, and looks what three tabs received. */
async function havoc(t, browser, server, { engine = "redis", title = "Redis", killable = true } = {}) {
  const pages = [];
  for (let i = 0; i < 3; i++) pages.push(await openPage(t, browser, `${server.url}/cluster/?lang=en`));
  for (const page of pages) await waitForNumber(page, 10);
  await settle(pages);
  const [page] = pages;
  await waitFor(page, () => document.querySelectorAll("#tabs tr").length >= 3);

  // The server that the first tab is on dies; the tab goes on elsewhere.
  const first = await figure(page, "node");
  await press(page, first, "kill");
  await waitFor(page, (first) => !["", first].includes(document.querySelector("#node").textContent), first);
  await settle(pages);
  await timelineSays(page, `${first} killed, away`);

  // What holds the log dies and comes back, if it has a server; if not the page offers no such thing.
  await waitFor(page, (title) => document.querySelector("#lede").textContent.includes(title), title);
  const second = await figure(page, "node");
  if (killable) {
    await press(page, engine, "kill");
    await waitForMachine(page, second, "blind");
    await press(page, engine, "start");
    await waitForMachine(page, second, "up");
    await settle(pages);
    await timelineSays(page, `${engine} killed, back after \\d+\\.\\d s`);
  } else {
    const row = `[data-name="${engine}"]`;
    assert.equal(await page.$$eval(`${row} button:not([hidden])`, (buttons) => buttons.length), 0);
    assert.match(await page.$eval(`${row} .hint`, ({ textContent }) => textContent), /no server to kill/);
    assert.equal(await page.$$eval("#lanes > div", (lanes) => lanes.length), 3);
  }

  // The other two are deployed anew, one after the other, and the first is brought back.
  await press(page, first, "start");
  await waitForMachine(page, first, "up");
  for (const name of await page.$$eval("[data-name]", (rows) => rows.map((row) => row.dataset.name))) {
    if (name === first || name === engine) continue;
    await watchMachine(page, name);
    await press(page, name, "restart");
    await waitFor(page, () => globalThis.hasChanged);
    await waitForMachine(page, name, "up");
  }
  // All of it at once.
  const all = killable ? [engine, first] : [first];
  for (const name of all) await press(page, name, "kill");
  for (const name of all) await press(page, name, "start");
  for (const name of all) await waitForMachine(page, name, "up");
  await settle(pages, { more: 100 });
  assert.ok(Number(await figure(page, "moves")) >= 1);
}

eachBrowser(
  "three tabs, while servers and Redis are killed: nothing lost, nothing doubled",
  async (browser, t) => {
    if (skip) return t.skip(skip);
    await scoped(async (t) => {
      const server = await start("node");
      t.after(() => server.end());
      await havoc(t, browser, server);
    });
  },
);

/** Waits until the badge says this, at most so long. */
async function says(page, state, within) {
  const start = Date.now();
  await waitFor(page, (state) => document.querySelector("#status").dataset.state === state, state);
  const took = Date.now() - start;
  assert.ok(took < within, `the badge said ${state} after ${took} ms`);
}

eachBrowser("it says that nothing can arrive, and what is wrong", async (browser, t) => {
  if (skip) return t.skip(skip);
  await scoped(async (t) => {
    const server = await start("node");
    t.after(() => server.kill());
    const page = await openPage(t, browser, `${server.url}/cluster/?lang=en`);
    const detail = () => page.$eval("#status-detail", ({ textContent }) => textContent);
    await waitForNumber(page, 10);
    await says(page, "open", 1_000);
    const live = await detail();

    await press(page, "redis", "kill");
    await waitForMachine(page, "redis", "down");
    await says(page, "stuck", 5_000);
    assert.equal(await page.$eval("#status", ({ textContent }) => textContent), "Nothing arrives");
    assert.match(await detail(), /^Redis is down/);
    // It goes on saying so for as long as that holds, though the connection itself is well.
    await waitForMachine(page, await figure(page, "node"), "blind");
    await says(page, "stuck", 1_000);
    const number = Number(await figure(page, "last"));

    await press(page, "redis", "start");
    await waitForNumber(page, number + 20);
    await says(page, "open", 5_000);
    assert.equal(await detail(), live);

    // All of it dies, the page's own server too: nothing is known of any server, and this tab is on none.
    await server.kill();
    await says(page, "waiting", 20_000);
    for (const name of await page.$$eval("[data-name]", (rows) => rows.map((row) => row.dataset.name))) {
      await waitForMachine(page, name, "unknown");
    }
    await waitFor(page, () => document.querySelector("#node").textContent === "nobody");
    assert.match(await page.$eval("#note", ({ textContent }) => textContent), /cannot be reached/);
    assert.equal(await page.$$eval(".machines button:not([hidden])", (buttons) => buttons.length), 0);
  });
});

for (const runtime of ["bun", "deno"]) {
  const name = browserNames.find(findBrowser);
  const options = { skip: skip || (name ? false : "no browser"), timeout: 300_000 };
  test(`started by ${runtime}, behind a proxy of its own: the same`, options, () =>
    scoped(async (t) => {
      const server = await start(runtime, { PROXY: "own" });
      t.after(() => server.end());
      const browser = await launchBrowser(name);
      t.after(() => browser.close());
      await havoc(t, browser, server);
    }));
}

const engines = [
  { runtime: "node", engine: "sqlite", title: "SQLite", killable: false, absent: false },
  { runtime: "bun", engine: "nats", title: "NATS JetStream", killable: true, absent: noNats },
  { runtime: "deno", engine: "postgres", title: "Postgres", killable: true, absent: noPostgres },
];
for (const { runtime, absent, ...what } of engines) {
  const name = browserNames.find(findBrowser);
  const skip = skipWithout(absent);
  const options = { skip: skip || (name ? false : "no browser"), timeout: 300_000 };
  test(`over ${what.title}, started by ${runtime}: the same`, options, () =>
    scoped(async (t) => {
      const server = await start(runtime, { PROXY: "own", ENGINE: what.engine });
      t.after(() => server.end());
      const browser = await launchBrowser(name);
      t.after(() => browser.close());
      await havoc(t, browser, server, what);
    }));
}

for (const dark of [false, true]) {
  const theme = dark ? "dark" : "light";
  const options = { skip: skip || (findBrowser("chromium") ? false : "no chromium"), timeout: 200_000 };
  test(`fits into narrow and wide windows, ${theme}, in both languages`, options, () =>
    scoped(async (t) => {
      const server = await start("node");
      t.after(() => server.end());
      const browser = await launchBrowser("chromium", { dark });
      t.after(() => browser.close());
      for (const size of sizes) {
        for (const language of ["en", "zh"]) {
          const page = await openPage(t, browser, `${server.url}/cluster/?lang=${language}`, size);
          await waitForNumber(page, 20);
          await waitFor(page, () => document.querySelectorAll("#machines li").length === 4);
          if (language === "zh") {
            // The fourth tab shares the connection of the first, which tells it where that is.
            await waitForMachine(page, await nodeOf(page), "up");
            await press(page, await nodeOf(page), "kill");
            await waitFor(page, () => document.querySelector('[data-machine="down"]'));
            await waitFor(page, () => document.querySelector("#status").dataset.state === "open");
          }
          await takePicture(page, `cluster-${size.width}-${theme}-${language}`, { fullPage: true });
          if (language === "en") continue;
          const down = await page.$eval('[data-machine="down"]', (badge) => badge.closest("li").dataset.name);
          await press(page, down, "start");
          await waitForMachine(page, down, "up");
        }
      }
    }));
}
