// A test, or a whole description, in each browser that is there.
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { browserNames, launchBrowser, whyNoBrowser } from "./browsers.mjs";

/** Runs the test in a browser of its own, each time. A browser that is missing is a reason to skip, in CI a failure. */
export function eachBrowser(title, run) {
  for (const name of browserNames) {
    const missing = whyNoBrowser(name);
    const skip = process.env.CI === "true" ? false : missing;
    test(`${name}: ${title}`, { skip, timeout: 300_000 }, async (t) => {
      if (missing) assert.fail(missing);
      const browser = await launchBrowser(name);
      t.after(() => browser.close());
      await run(browser, t);
    });
  }
}

/**
 * Describes what holds in each browser, with one browser for all the tests of a description.
 *
 * @param add adds the tests; it is given a function that gives the browser, once a test runs
 */
export function describeBrowsers(add) {
  for (const name of browserNames) {
    const missing = whyNoBrowser(name);
    if (missing) {
      test(name, { skip: process.env.CI === "true" ? false : missing }, () => assert.fail(missing));
      continue;
    }
    describe(name, () => {
      let browser;
      before(async () => {
        browser = await launchBrowser(name);
      });
      after(() => browser?.close());
      add(() => browser);
    });
  }
}
