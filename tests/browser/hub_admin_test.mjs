// Tests the admin page of `tidings hub` as an operator uses it: by keyboard, in both widths and themes.
import assert from "node:assert/strict";
import { after, before } from "node:test";
import { launchBrowser } from "../../scripts/support/browsers.mjs";
import { eachBrowserName } from "./each.mjs";
import { startHub } from "./hub.mjs";
import { isDark } from "./measure.mjs";
import { takePicture } from "./screenshots.mjs";
import { openPage, press, waitFor } from "./support.mjs";

const TOKEN = "an-admin-token-that-is-long";
const sizes = [{ width: 360, height: 740 }, { width: 1280, height: 900 }];

let hub;
before(async () => hub = await startHub([], { TIDINGS_ADMIN_TOKEN: TOKEN }));
after(() => hub.stop());

eachBrowserName("the operator signs in, sees, publishes and watches, by keyboard alone", async (name, t) => {
  for (const dark of [false, true]) {
    const browser = await launchBrowser(name, { dark });
    try {
      const page = await openPage({ after: () => {} }, browser, `${hub.url}/admin`, sizes[1]);
      const picture = async (state) => {
        for (const size of sizes) {
          await page.setViewport(size);
          await waitFor(page, (width) => innerWidth === width, size.width);
          const theme = dark ? "dark" : "light";
          await takePicture(page, `admin-${name}-${size.width}-${theme}-${state}`, { fullPage: true });
        }
      };
      assert.equal(await page.evaluate(isDark), dark);
      await page.bringToFront();
      await waitFor(page, () => document.activeElement.id === "token");
      await page.keyboard.type("wrong");
      await page.keyboard.press("Enter");
      await waitFor(page, () => document.querySelector("#enter-note").dataset.kind === "error");
      await picture("refused");
      await page.$eval("#token", (input) => input.value = "");
      await page.type("#token", TOKEN);
      await page.keyboard.press("Enter");
      await waitFor(page, () => document.querySelector("#status").dataset.state === "open");

      await page.focus("#match");
      await page.keyboard.press("Enter");
      await waitFor(page, () => /as they come/.test(document.querySelector("#watch-note").textContent));
      await page.type("#topic", "https://example.com/books/1");
      await page.keyboard.press("Tab");
      await page.keyboard.type("<b>sold</b>, for 12.30");
      await page.keyboard.press("Tab");
      await page.keyboard.type("sale");
      await page.keyboard.press("Tab");
      await page.keyboard.press(" ");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await waitFor(page, () => /^Published/.test(document.querySelector("#publish-note").textContent));
      await waitFor(page, () => {
        const item = document.querySelector("#arrivals li");
        return item?.querySelector("pre").textContent === "<b>sold</b>, for 12.30" &&
          /sale/.test(item.textContent);
      });
      await waitFor(page, () => /books\/1 ?private/.test(document.querySelector("#topics").textContent));
      await waitFor(page, () => Number(document.querySelector("[data-figure=streams]").textContent) >= 1);
      await waitFor(page, () => document.querySelector("[data-rate=published]").textContent !== "–");
      await picture("open");

      // What the hub refuses is said in its words.
      await page.$eval("#topic", (input) => input.value = "*");
      await press(page, "#topic");
      await waitFor(
        page,
        () => /must not be empty/.test(document.querySelector("#publish-note").textContent),
      );

      await reachAll(page);
      await press(page, "#leave");
      await waitFor(page, () => !document.querySelector("#closed").hidden);
      await page.reload();
      await waitFor(page, () => document.activeElement.id === "token");
      const failures = await page.evaluate(() => globalThis.failures);
      assert.deepEqual(failures, []);
      t.diagnostic(`${name}: ${dark ? "dark" : "light"}`);
    } finally {
      await browser.close();
    }
  }
});

/** Every control is reached by the tabulator, and the focus is seen. */
async function reachAll(page) {
  const controls = () =>
    [...document.querySelectorAll("button, input, select, textarea, [tabindex='0']")]
      .filter((element) => element.checkVisibility()).map(({ id, textContent }) => id || textContent);
  const expected = await page.evaluate(controls);
  assert.ok(expected.length >= 9, expected.join());
  // From the first one on, and not from the browser's own controls, which each browser has in another place.
  await page.focus("#topic");
  await page.keyboard.down("Shift");
  await page.keyboard.press("Tab");
  await page.keyboard.up("Shift");
  const reached = new Set();
  for (let n = 0; n < expected.length; n++) {
    if (n > 0) await page.keyboard.press("Tab");
    const { name, outline } = await page.evaluate(() => {
      const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const { id, textContent } = document.activeElement;
      return { name: id || textContent, outline: `${outlineStyle} ${outlineWidth}` };
    });
    assert.equal(outline, "solid 2px", name);
    reached.add(name);
  }
  assert.deepEqual([...reached].sort(), [...expected].sort());
}
