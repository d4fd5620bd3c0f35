// Looks at pages in both widths: whether they fit, and in which theme and language they are. The screenshots, in
// .out/screenshots, are for eyes.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDark, settled, sidewaysOverflow } from "./measure.mjs";
import { waitFor } from "./support.mjs";

/** A phone's window, and a desktop's. */
export const sizes = [{ width: 360, height: 740 }, { width: 1440, height: 900 }];

/** What a page in each language says of itself. */
export const tags = { en: "en", zh: "zh-CN" };

const folder = fileURLToPath(new URL("../../.out/screenshots/", import.meta.url));

/** Takes a screenshot of a page that fits into its window. */
export async function takePicture(page, name, options = {}) {
  await mkdir(folder, { recursive: true });
  await page.evaluate(settled);
  assert.deepEqual(await page.evaluate(sidewaysOverflow), [], name);
  await page.screenshot({ path: join(folder, `${name}.png`), ...options });
}

/** Looks at a page, or a state of it, in one theme and language, in both widths. */
export async function lookAt(page, name, { browser, dark, language }) {
  const seen = await page.evaluate(() => [document.documentElement.lang, document.body.innerText]);
  assert.equal(seen[0], tags[language], name);
  assert.equal(/\p{Script=Han}{4}/u.test(seen[1]), language === "zh", `${name} in ${language}: ${seen[1]}`);
  assert.equal(await page.evaluate(isDark), dark);
  await page.bringToFront(); // a tab behind another gets no frames
  for (const size of sizes) {
    await page.setViewport(size);
    await waitFor(page, (width) => innerWidth === width, size.width);
    const theme = dark ? "dark" : "light";
    await takePicture(page, `${name}-${browser.name}-${size.width}-${theme}-${language}`, { fullPage: true });
  }
}
