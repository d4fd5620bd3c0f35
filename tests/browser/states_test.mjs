// The pages of upload, tokens and job with something on them: in both widths, themes and languages they fit and speak. The
// screenshots in .out/screenshots are for eyes.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { browserNames, launchBrowser, whyNoBrowser } from "./browsers.mjs";
import { isDark, settled, sidewaysOverflow } from "./measure.mjs";
import { writePhoto } from "./photo.mjs";
import { startServer } from "./server.mjs";
import { openPage, waitFor } from "./support.mjs";

const timeout = 240_000;
const sizes = [{ width: 360, height: 740 }, { width: 1440, height: 900 }];
const tags = { en: "en", zh: "zh-CN" };
const pictures = fileURLToPath(new URL("../../.out/screenshots/", import.meta.url));

let server;
let folder;
before(async () => {
  await mkdir(pictures, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), "tidings-photos-"));
  await writeFile(join(folder, "a-name-that-is-much-longer-than-any-phone-is-wide.jpg"), "no picture");
  server = await startServer("node", { env: { UPLOAD_FOLDER: folder, JOB_REST: "15", TOKENS_PACE: "10" } });
});
after(async () => {
  await server?.kill();
  await rm(folder, { recursive: true });
});

describe("states", { concurrency: browserNames.length }, () => {
  for (const name of browserNames) {
    const missing = whyNoBrowser(name);
    const skip = process.env.CI === "true" ? false : missing;
    test(`every state in ${name}`, { skip, timeout }, async (t) => {
      if (missing) assert.fail(missing);
      for (const dark of [false, true]) {
        const browser = await launchBrowser(name, { dark });
        try {
          const photo = join(folder, `${name}.jpg`);
          await writePhoto(browser, photo, 200_000);
          for (const language of Object.keys(tags)) {
            const open = (path) => openPage(t, browser, `${server.url}/${path}?lang=${language}`, sizes[0]);
            const look = (state, page) => lookAt(page, state, { browser, dark, language });
            await lookAtUpload(open, look, photo);
            await lookAtTokens(open, look);
            await lookAtJob(open, look);
          }
        } finally {
          // The pages first: what of their scripts has failed is asked of them when the test ends.
          t.after(() => browser.close());
        }
      }
    });
  }
});

async function lookAtUpload(open, look, photo) {
  const desktop = await open("upload/");
  await waitFor(desktop, () => document.querySelector("#qr svg"));
  await look("upload-empty", desktop);
  const link = await desktop.$eval("#link", ({ hash }) => hash);
  const phone = await open("upload/phone.html");
  assert.match(await phone.$eval("#note", (note) => note.textContent), /\S/);
  await look("phone-no-code", phone);
  await phone.evaluate((hash) => {
    location.hash = hash;
    location.reload();
  }, link);
  await waitFor(phone, () => document.querySelector("#form")?.hidden === false);
  await look("phone-empty", phone);
  await (await phone.$("#choose")).uploadFile(
    photo,
    join(folder, "a-name-that-is-much-longer-than-any-phone-is-wide.jpg"),
  );
  await waitFor(phone, () => document.querySelector(".sendings [data-state=sent]"));
  await waitFor(phone, () => document.querySelector(".sendings [data-state=refused]"));
  await look("phone-sent", phone);
  await waitFor(desktop, () => document.querySelector(".pictures img")?.complete);
  await look("upload-picture", desktop);
}

async function lookAtTokens(open, look) {
  const page = await open("tokens/");
  await page.bringToFront();
  await page.focus("#question");
  await page.keyboard.press("Enter"); // an empty question is the example that the field shows
  await waitFor(page, () => Number(document.querySelector("#tokens").textContent) > 20);
  await page.focus("#cut");
  await page.keyboard.press("Enter");
  await waitFor(page, () => document.querySelector(".caught-up"));
  await waitFor(page, () => document.querySelector(".answer").getAttribute("aria-busy") === "false");
  await look("tokens-complete", page);
}

async function lookAtJob(open, look) {
  const page = await open("job/");
  await page.bringToFront();
  await page.focus("#start");
  await page.keyboard.press("Enter");
  await waitFor(page, () => document.querySelector("#progress").value > 0.1);
  await look("job-running", page);
  await waitFor(page, () => document.querySelector("#job").dataset.state === "done");
  await look("job-done", page);
}

async function lookAt(page, state, { browser, dark, language }) {
  const seen = await page.evaluate(() => [document.documentElement.lang, document.body.innerText]);
  assert.equal(seen[0], tags[language], state);
  assert.equal(/\p{Script=Han}{4}/u.test(seen[1]), language === "zh", `${state} in ${language}: ${seen[1]}`);
  assert.equal(await page.evaluate(isDark), dark);
  await page.bringToFront(); // a tab behind another gets no frames
  for (const size of sizes) {
    await page.setViewport(size);
    await waitFor(page, (width) => innerWidth === width, size.width);
    await page.evaluate(settled);
    const what = `${state}-${browser.name}-${size.width}-${dark ? "dark" : "light"}-${language}`;
    assert.deepEqual(await page.evaluate(sidewaysOverflow), [], what);
    await page.screenshot({ path: join(pictures, `${what}.png`), fullPage: true });
  }
}
