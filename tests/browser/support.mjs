// Handles the pages as a visitor does.
import assert from "node:assert/strict";

/** Longer than any browser's own delay before a reconnect, on a machine that is busy. */
const PATIENCE = 90_000;

/** Opens the page in a tab of its own, which goes with the test. A failing script in it fails the test. */
export async function openPage(t, browser, url, { width = 1000, height = 800 } = {}) {
  const page = await browser.newPage();
  t.after(async () => {
    const failures = await page.evaluate(() => globalThis.failures);
    await page.close();
    assert.deepEqual(failures, [], "scripts of the page failed");
  });
  // Not puppeteer's `pageerror`: Firefox counts an unreachable server among them.
  await page.evaluateOnNewDocument(() => {
    globalThis.failures = [];
    addEventListener("error", ({ message }) => globalThis.failures.push(message));
    addEventListener("unhandledrejection", ({ reason }) => globalThis.failures.push(String(reason)));
  });
  await page.setViewport({ width, height });
  await page.goto(url);
  return page;
}

/**
 * Waits until `condition`, run in the page, holds. By timer and not by animation frame, which is what puppeteer prefers:
 * a tab behind another gets no frames.
 */
export function waitFor(page, condition, ...parameters) {
  return page.waitForFunction(condition, { polling: 100, timeout: PATIENCE }, ...parameters);
}

export function waitForState(page, state) {
  return waitFor(page, (state) => document.querySelector("#status").dataset.state === state, state);
}

/** Opens the dashboard of the server at `url`. */
export async function openLivePage(t, browser, url, size) {
  const page = await openPage(t, browser, `${url}/dashboard/`, size);
  await waitForState(page, "open");
  return page;
}

/** Waits for a row whose text is `text`, or matches it when it is a regular expression. */
export function waitForRow(page, text) {
  return waitFor(
    page,
    (source, exact) =>
      [...document.querySelectorAll(".row-text")].some(({ textContent }) =>
        exact ? textContent === source : new RegExp(source).test(textContent)
      ),
    text.source ?? text,
    typeof text === "string",
  );
}

/** Presses Enter on a button, or in the field of a form, which sends it. */
export async function press(page, selector) {
  await page.bringToFront();
  await page.focus(selector);
  await page.keyboard.press("Enter");
}

/** Writes into the text field and presses Enter. */
export async function broadcast(page, text) {
  await page.bringToFront();
  await page.type("#text", text);
  await page.keyboard.press("Enter");
}

/** Waits until the promised condition holds, outside of the page. */
export async function until(condition) {
  const end = Date.now() + PATIENCE;
  while (!await condition()) {
    if (Date.now() > end) throw new Error(`Still not true after ${PATIENCE / 1000} s: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
