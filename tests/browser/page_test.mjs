// Tests the dashboard in real browsers, in the gallery on every runtime: node --test tests/browser/page_test.mjs
import { describe } from "node:test";
import { browserNames } from "../../scripts/support/browsers.mjs";
import { describeBrowsers } from "./each.mjs";
import { addJourneyTests } from "./journey.mjs";
import { addLookTests } from "./look.mjs";
import { runtimeNames } from "./server.mjs";

// Both browsers at once: most of the time is waiting.
describe("dashboard", { concurrency: browserNames.length }, () => {
  describeBrowsers((browser, name) => {
    for (const runtime of runtimeNames) {
      describe(`${name}, server on ${runtime}`, () => addJourneyTests(browser, runtime));
    }
    describe(`${name}, looks`, () => addLookTests(browser));
  }, { concurrency: false }); // or all that is in a description would run at once, too
});
