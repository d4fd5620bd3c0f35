// Tests every page of the gallery: in both widths, themes and languages it fits, speaks, and can be used by keyboard.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { browserNames, launchBrowser } from "../../scripts/support/browsers.mjs";
import { eachBrowser, eachBrowserName } from "./each.mjs";
import { lookAt, sizes, tags } from "./screenshots.mjs";
import { startServer } from "./server.mjs";
import { openPage, waitFor } from "./support.mjs";

/** The folder of each page, and what is on it once it has something to show, as a selector. */
const pages = {
  "": ".systems a",
  introduction: ".arrivals li",
  ticker: ".arrivals li",
  "named-events": "#bare li[data-kind=test-event]",
  dashboard: "#clients tr",
  tokens: "#suggestion",
  job: "#note",
};

let server;
before(async () => {
  server = await startServer("node");
});
after(() => server?.kill());

// Both browsers at once: most of the time is waiting.
describe("looks", { concurrency: browserNames.length }, () => {
  eachBrowserName("every page in both widths, themes and languages", async (name, t) => {
    // Each theme begins with the language that the browser prefers, and goes to the other by the link.
    for (const [dark, language, other] of [[false, "en-US", "zh"], [true, "zh-CN", "en"]]) {
      const browser = await launchBrowser(name, { dark, language });
      try {
        const opened = await Promise.all(
          Object.keys(pages).map(async (name) => ({ name, page: await open(browser, name) })),
        );
        const preferred = other === "zh" ? "en" : "zh";
        const look = async (language) => {
          for (const { name, page } of opened) {
            await waitFor(page, (selector) => document.querySelector(selector), pages[name]);
            await lookAt(page, name || "gallery", { browser, dark, language });
          }
        };
        await look(preferred);
        // The choice holds for all pages of the server, so it is made once all have been seen without it.
        for (const { page } of opened) {
          await Promise.all([page.waitForNavigation(), page.$eval("#languages a", (link) => link.click())]);
        }
        await look(other);
        for (const { page } of opened) {
          await page.goto(`${server.url}/`);
          await waitFor(page, (lang) => document.documentElement.lang === lang, tags[other]);
          assert.deepEqual(await page.evaluate(() => globalThis.failures), []);
        }
        t.diagnostic(`${name}: ${dark ? "dark" : "light"}, ${preferred}, then ${other}`);
      } finally {
        await browser.close();
      }
    }
  });
});

function open(browser, name) {
  return openPage({ after: () => {} }, browser, `${server.url}/${name && `${name}/`}`, sizes[0]);
}

eachBrowser("every control of every page is reached by keyboard, and the focus seen", async (browser) => {
  for (const [path, ready] of Object.entries(pages)) {
    const page = await open(browser, path);
    await waitFor(page, (selector) => document.querySelector(selector), ready);
    await page.bringToFront();
    const expected = await page.evaluate(() =>
      [...document.querySelectorAll("a, button, input, select, textarea, [tabindex='0']")]
        .filter((element) => element.checkVisibility()).length
    );
    assert.ok(expected > 0);
    const reached = new Set();
    for (let n = 0; n < expected; n++) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
        const { top, bottom } = document.activeElement.getBoundingClientRect();
        const all = [...document.querySelectorAll("*")];
        return {
          index: all.indexOf(document.activeElement),
          outline: `${outlineStyle} ${outlineWidth}`,
          visible: bottom > 0 && top < innerHeight,
        };
      });
      assert.equal(focus.outline, "solid 2px", `${path}: ${JSON.stringify(focus)}`);
      assert.ok(focus.visible, path);
      reached.add(focus.index);
    }
    assert.equal(reached.size, expected, path);
    await page.close();
  }
});
