// Tests the page of the long job in real browsers, against the example on every runtime.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeBrowsers } from "./each.mjs";
import { runtimeNames, serverFor } from "./server.mjs";
import { openPage, press, waitFor } from "./support.mjs";

const timeout = 90_000;
const options = { program: "examples/job/server.ts", env: { JOB_REST: "20" } };

const waitForPart = (page, part) =>
  waitFor(page, (part) => document.querySelector("#progress").value >= part, part);
const waitForJob = (page, state) =>
  waitFor(page, (state) => document.querySelector("#job").dataset.state === state, state);
const note = (page) => page.$eval("#note", (note) => note.textContent);
const part = (page) => page.$eval("#progress", (progress) => progress.value);

describeBrowsers((browser) => {
  for (const runtime of runtimeNames) {
    test(`${runtime}: a reload and a second tab find the job where it is`, { timeout }, async (t) => {
      const server = await serverFor(t, runtime, options);
      const page = await openPage(t, browser(), `${server.url}/job/`);
      await press(page, "#start");
      await waitForPart(page, 0.1);
      const before = await part(page);
      // Records what the bar shows from the reload on: it must not begin at the beginning.
      await page.evaluateOnNewDocument(() => {
        globalThis.parts = [];
        addEventListener("DOMContentLoaded", () => {
          const bar = document.querySelector("#progress");
          new MutationObserver(() => globalThis.parts.push(bar.value)).observe(bar, { attributes: true });
        });
      });
      await page.reload();
      await waitForPart(page, before);
      const tab = await openPage(t, browser(), page.url());
      await waitForPart(tab, before);
      await Promise.all([waitForJob(page, "complete"), waitForJob(tab, "complete")]);
      assert.equal(await note(page), "Done: there are 1,270,607 primes below 20,000,000.");
      assert.equal(await note(tab), await note(page));
      const parts = await page.evaluate(() => globalThis.parts);
      assert.ok(parts[0] >= before, `it was at ${before}, and after the reload at ${parts[0]}`);
      assert.ok(parts.every((part, n) => part >= (parts[n - 1] ?? 0)), `${parts}`);
    });

    test(
      `${runtime}: cancel reaches every tab; a server that was killed is told of`,
      { timeout },
      async (t) => {
        const server = await serverFor(t, runtime, options);
        const page = await openPage(t, browser(), `${server.url}/job/`);
        await press(page, "#start");
        await waitForPart(page, 0.05);
        const tab = await openPage(t, browser(), page.url());
        await waitForPart(tab, 0.05);
        await press(tab, "#cancel");
        await Promise.all([waitForJob(page, "stopped"), waitForJob(tab, "stopped")]);
        assert.equal(await part(tab), await part(page));

        const cancelled = page.url();
        await press(page, "#start");
        await waitFor(page, (before) => location.href !== before, cancelled);
        await waitForPart(page, 0.05);
        await server.kill();
        await waitFor(page, () => /cannot be reached/.test(document.querySelector("#note").textContent));
        await server.restart();
        await waitFor(page, () => /does not know this job/.test(document.querySelector("#note").textContent));
        await press(page, "#start");
        await waitForJob(page, "running");
        await waitForPart(page, 0.05);
      },
    );
  }
});
