// Tests that an EventSource opens although nothing is sent: Firefox would wait for a first byte.
import assert from "node:assert/strict";
import { eachBrowser } from "./each.mjs";
import { runtimeNames, serverFor } from "./server.mjs";

eachBrowser("an EventSource opens on a stream where nothing is sent", async (browser, t) => {
  for (const runtime of runtimeNames) {
    const server = await serverFor(t, runtime, { program: "tests/browser/silent_server.ts" });
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
