// Tests what is in sight of a page before anybody scrolls, in a window of 1280 by 800.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeBrowsers } from "./each.mjs";
import { serverFor } from "./server.mjs";
import { openPage, waitFor } from "./support.mjs";

const timeout = 60_000;
const size = { width: 1280, height: 800 };

/** What there is to see of each page: the selectors of what has to be in sight, and of what is there when it has begun. */
const pages = {
  "": { ready: "#wire b", seen: ["#sentence", "#install", "#code", "#wire", "#price", "#chart", "#cut"] },
  dashboard: {
    ready: "#clients tr",
    seen: ["#rate", ".legend", "#clients tr", "#stall", "#messages", "#text", "[data-stat=clients]"],
  },
  tokens: { ready: "#suggestion", seen: ["#suggestion", "#question", "#cut"] },
};

describeBrowsers((browser) => {
  for (const [path, { ready, seen }] of Object.entries(pages)) {
    test(`${path || "front"}: what matters is in sight`, { timeout }, async (t) => {
      const server = await serverFor(t, "node");
      const page = await openPage(t, browser(), `${server.url}/${path && `${path}/`}?lang=en`, size);
      await waitFor(page, (ready) => document.querySelector(ready), ready);
      const boxes = await page.evaluate(
        (seen) =>
          seen.map((selector) => {
            const { top, bottom, left, right } = document.querySelector(selector).getBoundingClientRect();
            return {
              selector,
              inSight: top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth,
            };
          }),
        seen,
      );
      assert.deepEqual(boxes.filter(({ inSight }) => !inSight), []);
    });
  }
});
