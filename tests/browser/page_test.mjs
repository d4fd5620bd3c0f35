// The demo page in real browsers, against the example on every runtime: node --test tests/browser/page_test.mjs
import process from "node:process";
import { after, before, describe } from "node:test";
import { browserNames, launchBrowser, whyNoBrowser } from "./browsers.mjs";
import { addJourneyTests } from "./journey.mjs";
import { addLookTests } from "./look.mjs";
import { runtimeNames } from "./server.mjs";

// The runtime under test is the server's. Whoever runs this file only drives, and one driver is enough.
const otherDriver = (process.versions.bun || process.versions.deno) && "the browsers are driven from Node";

for (const name of browserNames) {
  describe(name, { skip: otherDriver || whyNoBrowser(name) }, () => {
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
