// Runs a test, or a whole description, in each browser that is there.
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { browserNames, launchBrowser, whyNoBrowser } from "../../scripts/support/browsers.mjs";

/**
 * The `skip` of a test for which something is missing. A contributor may lack a browser; the machine that gates a release
 * may not.
 */
export const skipWithout = (missing) => process.env.CI === "true" ? false : missing;

/** Runs the test for the name of each browser: it launches what it needs itself. */
export function eachBrowserName(title, run) {
  for (const name of browserNames) {
    const missing = whyNoBrowser(name);
    test(`${name}: ${title}`, { skip: skipWithout(missing), timeout: 300_000 }, async (t) => {
      if (missing) assert.fail(missing);
      await run(name, t);
    });
  }
}

/** Runs the test in a browser of its own, each time. */
export function eachBrowser(title, run) {
  eachBrowserName(title, async (name, t) => {
    const browser = await launchBrowser(name);
    t.after(() => browser.close());
    await run(browser, t);
  });
}

/**
 * Describes what holds in each browser, with one browser for all the tests of a description.
 *
 * @param add adds the tests; it is given a function that gives the browser, once a test runs, and the browser's name
 * @param options of each description
 */
export function describeBrowsers(add, options = {}) {
  for (const name of browserNames) {
    const missing = whyNoBrowser(name);
    if (missing) {
      test(name, { skip: skipWithout(missing) }, () => assert.fail(missing));
      continue;
    }
    describe(name, options, () => {
      let browser;
      before(async () => {
        browser = await launchBrowser(name);
      });
      after(() => browser?.close());
      add(() => browser, name);
    });
  }
}
