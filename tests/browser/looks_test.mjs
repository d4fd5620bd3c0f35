// Every page of the gallery: in both widths, themes and languages it fits, speaks, and can be used by keyboard. The
// screenshots in .out/screenshots are for eyes.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browserNames, launchBrowser, whyNoBrowser } from "./browsers.mjs";
import { isDark, settled, sidewaysOverflow } from "./measure.mjs";
import { startServer } from "./server.mjs";
import { openPage, waitFor } from "./support.mjs";

const timeout = 240_000;
const sizes = [{ width: 360, height: 740 }, { width: 1440, height: 900 }];
const tags = { en: "en", zh: "zh-CN" };
const pictures = fileURLToPath(new URL("../../.out/screenshots/", import.meta.url));

/** The folder of each page, and what is on it once it has something to show, as a selector. */
const pages = {
  "": ".systems a",
  introduction: ".arrivals li",
  ticker: ".arrivals li",
  "named-events": "#bare li[data-kind=test-event]",
  dashboard: "#clients tr",
  tokens: "#empty",
  job: "#note",
};

let server;
before(async () => {
  await mkdir(pictures, { recursive: true });
  server = await startServer("node");
});
after(() => server?.kill());

describe("looks", { concurrency: browserNames.length }, () => {
  for (const name of browserNames) {
    const missing = whyNoBrowser(name);
    const skip = process.env.CI === "true" ? false : missing;
    test(`every page in ${name}`, { skip, timeout }, async (t) => {
      if (missing) assert.fail(missing);
      // Each theme begins with the language that the browser prefers, and goes to the other by the link.
      for (const [dark, language, other] of [[false, "en-US", "zh"], [true, "zh-CN", "en"]]) {
        const browser = await launchBrowser(name, { dark, language });
        try {
          const opened = await Promise.all(
            Object.keys(pages).map(async (name) => {
              return { name, page: await open(browser, name) };
            }),
          );
          const preferred = other === "zh" ? "en" : "zh";
          for (const one of opened) await lookAt(one, { browser, dark, language: preferred });
          // The choice holds for all pages of the server, so it is made once all have been seen without it.
          for (const { page } of opened) {
            await Promise.all([page.waitForNavigation(), page.$eval("#languages a", (link) => link.click())]);
          }
          for (const one of opened) await lookAt(one, { browser, dark, language: other });
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
  }
});

function open(browser, name) {
  return openPage({ after: () => {} }, browser, `${server.url}/${name && `${name}/`}`, sizes[0]);
}

/** Looks at a page in one theme and language, in both widths. */
async function lookAt({ name, page }, { browser, dark, language }) {
  await waitFor(page, (selector) => document.querySelector(selector), pages[name]);
  const seen = await page.evaluate(() => [document.documentElement.lang, document.body.innerText]);
  assert.equal(seen[0], tags[language], name);
  assert.equal(/\p{Script=Han}{4}/u.test(seen[1]), language === "zh", `${name} in ${language}: ${seen[1]}`);
  assert.equal(await page.evaluate(isDark), dark);
  await page.bringToFront(); // a tab behind another gets no frames
  for (const size of sizes) {
    await page.setViewport(size);
    await waitFor(page, (width) => innerWidth === width, size.width);
    await page.evaluate(settled);
    const theme = dark ? "dark" : "light";
    const what = `${name || "gallery"}-${browser.name}-${size.width}-${theme}-${language}`;
    assert.deepEqual(await page.evaluate(sidewaysOverflow), [], what);
    await page.screenshot({ path: join(pictures, `${what}.png`), fullPage: true });
  }
}

for (const name of browserNames) {
  const missing = whyNoBrowser(name);
  const skip = process.env.CI === "true" ? false : missing;
  test(
    `${name}: every control of every page is reached by keyboard, and the focus seen`,
    { skip, timeout },
    async (t) => {
      if (missing) assert.fail(missing);
      const browser = await launchBrowser(name);
      t.after(() => browser.close());
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
    },
  );
}
