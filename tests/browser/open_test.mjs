// An EventSource opens although nothing is sent: Firefox would wait for a first byte.
import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { browserNames, launchBrowser, whyNoBrowser } from "./browsers.mjs";
import { runtimeNames, startServer } from "./server.mjs";

for (const name of browserNames) {
  const missing = whyNoBrowser(name);
  test(`${name} opens a stream on which nothing is sent`, {
    skip: process.env.CI === "true" ? false : missing,
    timeout: 180_000,
  }, async (t) => {
    if (missing) assert.fail(missing);
    const browser = await launchBrowser(name);
    t.after(() => browser.close());
    for (const runtime of runtimeNames) {
      const server = await startServer(runtime, { program: "tests/browser/silent_server.ts" });
      t.after(() => server.kill());
      const page = await browser.newPage();
      await page.goto(server.url);
      const seen = await page.evaluate(() =>
        new Promise((resolve) => {
          const source = new EventSource("/stream");
          source.onmessage = () => resolve("a message");
          source.onopen = () => resolve("open");
          setTimeout(() => resolve("nothing"), 10_000);
        })
      );
      assert.equal(seen, "open", `with the server on ${runtime}`);
      await page.close();
    }
  });
}
