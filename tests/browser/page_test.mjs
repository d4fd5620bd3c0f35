// The dashboard in real browsers, in the gallery on every runtime: node --test tests/browser/page_test.mjs
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { browserNames, launchBrowser, whyNoBrowser } from "./browsers.mjs";
import { addJourneyTests } from "./journey.mjs";
import { addLookTests } from "./look.mjs";
import { runtimeNames } from "./server.mjs";

// Both browsers at once: most of the time is waiting.
describe("dashboard", { concurrency: browserNames.length }, () => {
  for (const name of browserNames) {
    const missing = whyNoBrowser(name);
    if (missing) {
      // A contributor may lack a browser; the machine that gates a release may not.
      test(name, { skip: process.env.CI === "true" ? false : missing }, () => assert.fail(missing));
      continue;
    }
    describe(name, { concurrency: false }, () => { // or it would run all that is in it at once, too
      let browser;
      before(async () => {
        browser = await launchBrowser(name);
      });
      after(() => browser?.close());

      for (const runtime of runtimeNames) {
        describe(`${name}, server on ${runtime}`, () => addJourneyTests(() => browser, runtime));
      }
      describe(`${name}, looks`, () => addLookTests(() => browser));
    });
  }
});
