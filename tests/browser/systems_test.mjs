// Tests the systems as visitors and operators live through them, in both browsers and on all three runtimes at once: most of
// the time is waiting for servers that are away.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { browserNames, launchBrowser, whyNoBrowser } from "../../scripts/support/browsers.mjs";
import { describeBrowsers, skipWithout } from "./each.mjs";
import { freePort, runtimeNames, serverFor } from "./server.mjs";
import { broadcast, openPage, until, waitFor, waitForRow } from "./support.mjs";

const timeout = 240_000;
/** How long a server is away that is restarted with care, in milliseconds. */
const AWAY = 25_000;
/** For a page that closes with its browser. */
const unclosed = { after: () => {} };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const open = (t, browser, server, path) => openPage(t, browser, `${server.url}/${path}`);
const program = (name) => `examples/${name}/server.ts`;
const rows = (page, selector) =>
  page.$$eval(`${selector} li span`, (all) => all.map(({ textContent }) => textContent));
const state = (page, id) => page.$eval(`#${id}`, (badge) => badge.dataset.state);
const stateIs = (page, id, wanted) =>
  waitFor(page, (id, wanted) => document.getElementById(id).dataset.state === wanted, id, wanted);
const countOf = (page, id) =>
  page.$eval(`#${id}-count`, (count) => (count.textContent.match(/\d+/g) ?? [0, 0]).map(Number));
/** Waits until the reader has received more than now. */
async function goesOn(page, id) {
  const [received] = await countOf(page, id);
  const more = (id, received) =>
    Number(/\d+/.exec(document.getElementById(`${id}-count`).textContent) ?? 0) > received;
  await waitFor(page, more, id, received);
}

// The journeys in a browser run at once, too: each has servers of its own.
describe("systems", { concurrency: browserNames.length }, () => describeBrowsers(addSystemTests));

function addSystemTests(getBrowser) {
  /** Adds a test that runs one journey against a server of each runtime, all at once. */
  const journey = (name, title, run, env = () => ({})) =>
    test(`${name}: ${title}`, { timeout }, (t) =>
      Promise.all(runtimeNames.map(async (runtime) => {
        const server = await serverFor(t, runtime, { program: program(name), env: await env() });
        try {
          await run(t, getBrowser(), server);
        } catch (error) {
          throw new Error(`With the server on ${runtime}: ${error.message}`, { cause: error });
        }
      })));

  journey("introduction", "the time, for everyone who looks", async (t, browser, server) => {
    const page = await open(t, browser, server, "");
    assert.equal(new URL(page.url()).pathname, "/introduction/");
    await waitFor(page, () => document.querySelectorAll(".arrivals li").length >= 2);
    for (const row of await rows(page, "#arrivals")) assert.match(row, /^It is \d{4}-/);
    assert.match(server.output(), /introduction: 1 consumers/);
  });

  journey("ticker", "counts for each page, and ends when it is left", async (t, browser, server) => {
    const page = await open(t, browser, server, "ticker/");
    await waitFor(
      page,
      () => /^Message: 2 - the time is/.test(document.querySelector(".arrivals li span")?.textContent),
    );
    await page.$eval("#toggle", (button) => button.click());
    await stateIs(page, "status", "closed");
    await until(() =>
      /ticker: connection 1 closed \(client\), its timer ended at [2-9]/.test(server.output())
    );
    await page.$eval("#toggle", (button) => button.click());
    await waitFor(
      page,
      () => /^Message: 1 -/.test(document.querySelector(".arrivals li span").textContent),
    );
    // A browser may keep the page that is left, but not its connection.
    const left = Date.now();
    await page.$eval("#languages a", (link) => link.click());
    await until(() => /ticker: connection 2 closed \(client\)/.test(server.output()));
    assert.ok(Date.now() - left < 10_000, `${Date.now() - left} ms`);
  });

  journey(
    "named-events",
    "a 502 and a refusal in between, from another origin with cookies",
    async (t, browser, server) => {
      const page = await open(t, browser, server, "named-events/");
      const kinds = () =>
        ["message", "test-event"].every((kind) => document.querySelector(`#ours [data-kind=${kind}]`));
      await waitFor(page, kinds);
      const there = await page.$eval("#where", (where) => where.textContent);
      assert.doesNotMatch(there, new RegExp(server.url), "the page reads from another origin");
      assert.match(server.output(), new RegExp(`named-events: visitor \\w+ from ${server.url}`));
      for (const kind of ["502", "refuse"]) {
        await stateIs(page, "bare-status", "open");
        await page.$eval(`[data-trouble="${kind}"]`, (button) => button.click());
        await stateIs(page, "ours-status", "waiting");
        await stateIs(page, "ours-status", "open");
        await goesOn(page, "ours");
        assert.equal((await countOf(page, "ours"))[1], 0, "nothing was missed");
        // What bare EventSource makes of it: every browser gives up on a 502, and Firefox on a refusal across origins.
        if (kind === "502" || browser.name === "firefox") {
          assert.equal(await state(page, "bare-status"), "closed", kind);
          assert.match(await page.$eval("#bare-count", (count) => count.textContent), /none any more/);
          const [received] = await countOf(page, "bare");
          await goesOn(page, "ours");
          assert.equal((await countOf(page, "bare"))[0], received, "it stays dead");
        } else await stateIs(page, "bare-status", "open");
        await page.reload();
        await waitFor(page, kinds);
      }
    },
  );

  journey(
    "named-events",
    "the server killed for 25 s, from its own origin and from another",
    async (t, browser, server) => {
      const there = await open(t, browser, server, "named-events/");
      const here = await open(t, browser, server, "named-events/?from=here");
      for (const page of [there, here]) {
        for (const id of ["ours", "bare"]) await stateIs(page, `${id}-status`, "open");
      }
      await goesOn(here, "ours");
      await server.kill();
      for (const page of [there, here]) await stateIs(page, "ours-status", "waiting");
      await sleep(AWAY);
      await server.restart();
      for (const page of [there, here]) {
        await stateIs(page, "ours-status", "open");
        // A process that was killed has forgotten what it sent, and says so.
        await waitFor(page, () => document.querySelector("#ours [data-kind=gap]"));
        await goesOn(page, "ours");
      }
      await stateIs(here, "bare-status", "open"); // EventSource itself comes back to its own origin
      if (browser.name === "firefox") assert.equal(await state(there, "bare-status"), "closed");
      else await stateIs(there, "bare-status", "open");
    },
    async () => ({ NEIGHBOUR_PORT: String(await freePort()) }),
  );

  journey(
    "dashboard",
    "a client that stalls holds up nobody",
    async (t, browser, server) => {
      const page = await open(t, browser, server, "dashboard/");
      await waitFor(page, () => /^#1, this page$/.test(document.querySelector("#clients td")?.textContent));
      await page.$eval("#stall", (button) => button.click());
      await waitFor(page, () => document.querySelector("#clients tr[data-kind=staller][data-state=lagging]"));
      const rate = await page.evaluate(() =>
        ["here", "there"].map((id) => Number(document.getElementById(`rate-${id}`).textContent))
      );
      assert.ok(rate[0] >= 20, `${rate[0]} events a second arrive in the page`);
      assert.equal(rate[1], 0);
      await waitFor(page, () => document.querySelector("#clients tr[data-kind=staller][data-state=evicted]"));
      assert.match(
        server.output(),
        /dashboard: #2 left \(lagging, with \d+ events \(\d+ bytes\) waiting\), 1 in all/,
      );
      assert.equal(await state(page, "status"), "open");
      await server.publish("after it");
      await waitForRow(page, "after it");
      await page.goto("about:blank");
      await until(() => /dashboard: #1 left \(client\), 0 in all/.test(server.output()));
    },
  );

  test("other origins: only those of the list may read, and resume", { timeout }, async (t) => {
    // A page whose own policy lets it read elsewhere.
    const host = await serverFor(t, "node", { program: program("named-events") });
    const friend = host.url;
    const stranger = friend.replace("127.0.0.1", "localhost");
    for (const runtime of runtimeNames) {
      const api = await serverFor(t, runtime, { program: program("named-events"), env: { ORIGINS: friend } });
      const [may, mayNot] = [
        await openPage(t, getBrowser(), `${friend}/`),
        await openPage(t, getBrowser(), `${stranger}/`),
      ];
      const read = (page) => page.evaluate(readAcrossOrigins, `${api.url}/events`);
      const seen = await read(may);
      assert.deepEqual(seen.bare, "open", runtime);
      assert.equal(seen.resumed, seen.first + 1, `${runtime}: it went on after the id that it sent`);
      assert.deepEqual(await read(mayNot), { bare: "closed", error: "connection-failed" }, runtime);
    }
  });
}

/** In the page: what a stream of another origin is to EventSource and to connect(), with credentials. */
async function readAcrossOrigins(url) {
  const source = new EventSource(url, { withCredentials: true });
  const bare = await new Promise((resolve) => {
    source.onopen = () => resolve("open");
    source.onerror = () => source.readyState === EventSource.CLOSED && resolve("closed");
  });
  source.close();
  const { connect } = await import("/page/client.js");
  const options = { credentials: "include", retry: { attempts: 1, base: 10 } };
  /** The number of the first event that is no cursor. */
  const first = async (lastEventId) => {
    for await (const item of connect(url, { ...options, lastEventId })) {
      if (item.event !== "tidings-cursor") return item.lastEventId;
    }
  };
  try {
    const one = await first("");
    const two = await first(one);
    return { bare, first: Number(one.split("-")[1]), resumed: Number(two.split("-")[1]) };
  } catch (error) {
    return { bare, error: error.code };
  }
}

const skip = skipWithout(browserNames.map(whyNoBrowser).find((why) => why));
test("dashboard: two browsers at once, on each runtime", { skip, timeout }, async (t) => {
  const browsers = await Promise.all(browserNames.map((name) => launchBrowser(name)));
  try {
    await meet(t, browsers);
  } finally {
    await Promise.all(browsers.map((browser) => browser.close()));
  }
});

/** What one browser sends arrives in the other. */
async function meet(t, browsers) {
  for (const runtime of runtimeNames) {
    const server = await serverFor(t, runtime, { program: program("dashboard") });
    const pages = await Promise.all(browsers.map((browser) => open(unclosed, browser, server, "dashboard/")));
    for (const page of pages) {
      await waitFor(page, () => document.querySelectorAll("#clients tr").length === 2);
    }
    for (const [index, page] of pages.entries()) {
      await broadcast(page, `from ${browserNames[index]} on ${runtime}`);
      for (const each of pages) await waitForRow(each, `from ${browserNames[index]} on ${runtime}`);
    }
  }
}
