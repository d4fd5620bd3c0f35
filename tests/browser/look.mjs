// Tests how the dashboard looks and is handled, which is the same whatever runtime serves it.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../../scripts/support/browsers.mjs";
import { isDark, nextFrame } from "./measure.mjs";
import { sizes, takePicture } from "./screenshots.mjs";
import { startServer, startUnavailable } from "./server.mjs";
import { broadcast, openLivePage, waitFor, waitForRow, waitForState } from "./support.mjs";

const timeout = 240_000;

const samples = [
  ...Array.from({ length: 12 }, (_, n) => `The train at platform ${n + 1} is on time.`),
  "Hello, everyone.",
  "The 14:05 leaves from platform 7b, not 5.",
  `{"symbol":"ACME","amount":12.3,"at":"2026-11-21T02:00:00Z"}`,
  "<script>alert(1)</script>",
  "A longer message, to see how a paragraph sets: lines that neither crowd nor drift, and a time on the first " +
  "baseline whatever comes after it.\nA second line.",
  "AWordThatIsLongerThanAnyLine".repeat(5),
];

export function addLookTests(getBrowser) {
  let server;
  before(async () => {
    server = await startServer("node");
  });
  after(() => server?.kill());

  for (const dark of [false, true]) {
    const theme = dark ? "dark" : "light";
    describe(theme, () => {
      let browser;
      before(async () => {
        browser = await launchBrowser(getBrowser().name, { dark });
      });
      after(() => browser?.close());
      for (const size of sizes) {
        test(`fits into ${size.width} pixels, ${theme}, in every state`, { timeout }, async (t) => {
          const page = await openLivePage(t, browser, server.url, size);
          const picture = (state) =>
            takePicture(page, `page-${browser.name}-${size.width}-${theme}-${state}`);
          assert.equal(await page.evaluate(isDark), dark);
          for (const text of samples) await server.publish(text);
          await waitForRow(page, samples.at(-1));
          await waitForRow(page, /^Auto heartbeat/);
          await waitFor(page, () => Number(document.querySelector("[data-stat=published]").textContent) > 0);
          await picture("live");

          await server.kill();
          const unavailable = await startUnavailable(server.port);
          t.after(unavailable.close);
          await waitFor(page, () => /Next try/.test(document.querySelector("#status-detail").textContent));
          await broadcast(page, "a text that must not be lost");
          await waitFor(page, () => document.querySelector("#broadcast-note").dataset.kind === "error");
          await picture("waiting");

          await unavailable.close();
          await server.restart();
          await waitForState(page, "open");
          await waitForRow(page, /^Some events were missed/);
          await page.focus("#scroller");
          await page.keyboard.press("Home");
          await waitFor(page, () => document.querySelector("#scroller").scrollTop === 0);
          await server.publish("unseen");
          await waitForRow(page, "unseen");
          await picture("scrolled-up");

          await page.click("#disconnect");
          await waitForState(page, "closed");
          await page.click("#jump");
          await picture("closed");
        });
      }
    });
  }

  test("follows the newest until the reader scrolls up, and again when asked", { timeout }, async (t) => {
    const page = await openLivePage(t, getBrowser(), server.url, sizes[0]);
    const atBottom = () => {
      const { scrollHeight, scrollTop, clientHeight } = document.querySelector("#scroller");
      return scrollHeight > clientHeight && scrollHeight - scrollTop - clientHeight < 2;
    };
    for (let n = 1; n <= 30; n++) await server.publish(`line ${n}`);
    await waitForRow(page, "line 30");
    await waitFor(page, atBottom);
    await page.focus("#scroller");
    await page.keyboard.press("Home");
    await waitFor(page, () => !document.querySelector("#jump").hidden);
    await waitFor(page, () => document.querySelector("#scroller").scrollTop === 0); // it scrolls smoothly
    await server.publish("unseen");
    await waitForRow(page, "unseen");
    assert.equal(await page.$eval("#scroller", (scroller) => scroller.scrollTop), 0);
    assert.match(await page.$eval("#jump", (jump) => jump.textContent), /^Jump to newest · [1-9]\d* unread$/);
    await page.click("#jump");
    await waitFor(page, atBottom);
    assert.equal(await page.$eval("#jump", (jump) => jump.hidden), true);
    for (const size of [sizes[1], sizes[0]]) {
      await page.setViewport(size); // what was at the bottom stays there
      await waitFor(page, (width) => innerWidth === width, size.width);
      await page.evaluate(nextFrame); // nobody turns a phone twice within a frame
      assert.equal(await page.evaluate(atBottom), true); // at once: the next heartbeat would mend it anyway
    }
  });

  test("a reader can scroll up while messages pour in", { timeout }, async (t) => {
    const page = await openLivePage(t, getBrowser(), server.url, sizes[0]);
    await page.bringToFront();
    let pouring = true;
    t.after(() => pouring = false);
    const flood = (async () => {
      for (let n = 0; pouring; n++) await server.publish(`drop ${n}`);
    })();
    await waitForRow(page, "drop 50");
    await page.focus("#scroller");
    await page.keyboard.press("Home"); // once
    await waitFor(page, () => document.querySelector("#scroller").scrollTop === 0);
    const seen = await page.$$eval(".row", (rows) => rows.length);
    await waitFor(page, (seen) => document.querySelectorAll(".row").length > seen + 20, seen);
    assert.equal(await page.$eval("#scroller", (scroller) => scroller.scrollTop), 0);
    pouring = false;
    await flood;
  });

  test("every control can be reached by keyboard, and the focus seen", { timeout }, async (t) => {
    const page = await openLivePage(t, getBrowser(), server.url);
    await page.bringToFront();
    const reached = [];
    for (let n = 0; n < 9; n++) {
      await page.keyboard.press("Tab");
      reached.push(
        await page.evaluate(() => {
          const { id, textContent } = document.activeElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
          return `${id || textContent.trim()}: ${outlineStyle} ${outlineWidth}`;
        }),
      );
    }
    const own = ["connect", "disconnect", "clear", "scroller", "text", "Broadcast", "stall"];
    const expected = ["tidings", "中文", ...own];
    assert.deepEqual(reached, expected.map((name) => `${name}: solid 2px`));
  });
}
