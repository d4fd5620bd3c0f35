// How the page looks and is handled; the same whatever runtime serves it.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "./browsers.mjs";
import { startServer } from "./server.mjs";
import { openLivePage, waitFor, waitForRow, waitForState } from "./support.mjs";

const timeout = 240_000;
const sizes = [{ width: 360, height: 740 }, { width: 1440, height: 900 }];
const pictures = fileURLToPath(new URL("../../.out/screenshots/", import.meta.url));

const samples = [
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
    await mkdir(pictures, { recursive: true });
    server = await startServer("node");
  });
  after(() => server?.kill());

  for (const dark of [false, true]) {
    const theme = dark ? "dark" : "light";
    test(`fits into 360 and 1440 pixels, ${theme}`, { timeout }, async (t) => {
      const browser = await launchBrowser(getBrowser().name, { dark });
      t.after(() => browser.close());
      const picture = (page, name) =>
        page.screenshot({ path: join(pictures, `page-${browser.name}-${name}-${theme}.png`) });
      for (const size of sizes) {
        const page = await openLivePage(t, browser, server.url, size);
        for (const text of samples) await server.publish(text);
        await waitForRow(page, samples.at(-1));
        await waitForRow(page, /^Auto heartbeat/);
        await waitFor(page, () => Number(document.querySelector("[data-stat=published]").textContent) > 0);
        assert.equal(await page.evaluate(() => matchMedia("(prefers-color-scheme: dark)").matches), dark);
        assert.deepEqual(await page.evaluate(sidewaysOverflow), []);
        await picture(page, size.width);
        await page.click("#disconnect");
        await waitForState(page, "closed");
        await picture(page, `${size.width}-closed`);
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
    await server.publish("unseen");
    await waitForRow(page, "unseen");
    assert.equal(await page.$eval("#scroller", (scroller) => scroller.scrollTop), 0);
    assert.match(await page.$eval("#jump", (jump) => jump.textContent), /^Jump to newest · [1-9]\d* unread$/);
    await page.click("#jump");
    await waitFor(page, atBottom);
    assert.equal(await page.$eval("#jump", (jump) => jump.hidden), true);
    await page.setViewport(sizes[1]); // what was at the bottom stays there
    await page.setViewport(sizes[0]);
    await waitFor(page, atBottom);
  });

  test("every control can be reached by keyboard, and the focus seen", { timeout }, async (t) => {
    const page = await openLivePage(t, getBrowser(), server.url);
    await page.bringToFront();
    const reached = [];
    for (let n = 0; n < 6; n++) {
      await page.keyboard.press("Tab");
      reached.push(
        await page.evaluate(() => {
          const { id, textContent } = document.activeElement;
          const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
          return `${id || textContent.trim()}: ${outlineStyle} ${outlineWidth}`;
        }),
      );
    }
    const expected = ["connect", "disconnect", "clear", "scroller", "text", "Broadcast"];
    assert.deepEqual(reached, expected.map((name) => `${name}: solid 2px`));
  });
}

/** In the page: what sticks out of the window to the right. */
function sidewaysOverflow() {
  return [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => element.outerHTML.slice(0, 80));
}
