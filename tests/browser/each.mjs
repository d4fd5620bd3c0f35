// A test in each browser that is there.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
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
