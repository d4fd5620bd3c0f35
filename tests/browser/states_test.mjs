// Tests the pages of upload, tokens and job with something on them: they fit, and speak, in all widths and themes.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { browserNames, launchBrowser } from "../../scripts/support/browsers.mjs";
import { eachBrowserName } from "./each.mjs";
import { writePhoto } from "./photo.mjs";
import { lookAt, sizes, tags } from "./screenshots.mjs";
import { startServer } from "./server.mjs";
import { openPage, press, waitFor } from "./support.mjs";

let server;
let folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-photos-"));
  await writeFile(join(folder, "a-name-that-is-much-longer-than-any-phone-is-wide.jpg"), "no picture");
  server = await startServer("node", { env: { UPLOAD_FOLDER: folder, JOB_REST: "15", TOKENS_PACE: "10" } });
});
after(async () => {
  await server?.kill();
  await rm(folder, { recursive: true });
});

// Both browsers at once: most of the time is waiting.
describe("states", { concurrency: browserNames.length }, () => {
  eachBrowserName("every state in both widths, themes and languages", async (name, t) => {
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
  await press(page, "#question"); // an empty question is the example that the field shows
  await waitFor(page, () => Number(document.querySelector("#tokens").textContent) > 20);
  await press(page, "#cut");
  await waitFor(page, () => document.querySelector(".caught-up"));
  await waitFor(page, () => document.querySelector(".answer").getAttribute("aria-busy") === "false");
  await look("tokens-complete", page);
}

async function lookAtJob(open, look) {
  const page = await open("job/");
  await press(page, "#start");
  await waitFor(page, () => document.querySelector("#progress").value > 0.1);
  await look("job-running", page);
  await waitFor(page, () => document.querySelector("#job").dataset.state === "complete");
  await look("job-done", page);
}
