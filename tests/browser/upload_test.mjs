// Tests pictures on their way from a phone's window to a desktop's, in real browsers, on every runtime.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { describeBrowsers } from "./each.mjs";
import { scan, writePhoto } from "./photo.mjs";
import { runtimeNames, serverFor } from "./server.mjs";
import { openPage, press, waitFor } from "./support.mjs";

const timeout = 60_000;
const program = "examples/upload/server.ts";
const PHOTO = 5_000_000;
const phoneSize = { width: 360, height: 740 };

const folder = await mkdtemp(join(tmpdir(), "tidings-photos-"));
const photo = join(folder, "photo.jpg");
const fake = join(folder, "holiday.jpg");
await writeFile(fake, "<!DOCTYPE html><script>alert(1)</script>".padEnd(100_000));
/** A server that is killed leaves its pictures behind: here they go with the photos. */
const env = { UPLOAD_FOLDER: folder };
after(() => rm(folder, { recursive: true }));

/** Both windows: the desktop's, and the phone's at the link of the desktop's QR code. */
async function openBoth(t, browser, url, query = "") {
  const desktop = await openPage(t, browser, `${url}/upload/${query}`, { width: 1440, height: 900 });
  await desktop.waitForSelector("#qr svg");
  const link = await scan(desktop, "#qr");
  assert.equal(link, await desktop.$eval("#link", (link) => link.href), "the QR code holds the link");
  const phone = await openPage(t, browser, link, phoneSize);
  await phone.waitForSelector("#form:not([hidden])");
  return { desktop, phone, link };
}

/** Chooses files, as with the file picker. */
async function choose(phone, ...paths) {
  const before = await phone.$$eval(".sendings li", (rows) => rows.length);
  await (await phone.$("#choose")).uploadFile(...paths);
  await waitFor(
    phone,
    (count) => document.querySelectorAll(".sendings li").length === count,
    before + paths.length,
  );
}

const waitForState = (phone, state) =>
  waitFor(phone, (state) => document.querySelector(".sendings li").dataset.state === state, state);
const firstNote = (phone) => phone.$eval(".sendings li .hint", (note) => note.textContent);
const waitForPictures = (desktop, count) =>
  waitFor(
    desktop,
    (count) => {
      const images = [...document.querySelectorAll(".pictures img")];
      return images.length === count && images.every((image) => image.complete && image.naturalWidth > 0);
    },
    count,
  );

describeBrowsers((browser) => {
  let size;
  before(async () => {
    size = await writePhoto(browser(), photo, PHOTO);
  });

  for (const runtime of runtimeNames) {
    test(
      `${runtime}: a photo of 5 MB is on the desktop within a second, and a reload keeps it`,
      { timeout },
      async (t) => {
        const server = await serverFor(t, runtime, { program, env });
        const { desktop, phone } = await openBoth(t, browser(), server.url);
        const other = await openPage(t, browser(), `${server.url}/upload/?member_id=2`);
        await other.waitForSelector("#qr svg");
        await desktop.evaluate(() =>
          document.addEventListener("load", ({ target }) => {
            if (target instanceof HTMLImageElement) globalThis.shownAt = Date.now();
          }, true)
        );
        await phone.evaluate(() => {
          globalThis.parts = [];
          const look = () => {
            const row = document.querySelector(".sendings li");
            globalThis.parts.push(row?.querySelector("progress").value ?? 0);
            if (row?.dataset.state === "sent") globalThis.sentAt = Date.now();
          };
          new MutationObserver(look).observe(document.querySelector(".sendings"), {
            attributes: true,
            childList: true,
            subtree: true,
            characterData: true,
          });
        });
        await choose(phone, photo);
        await waitForState(phone, "sent");
        await waitForPictures(desktop, 1);
        const delay = await desktop.evaluate(() => globalThis.shownAt) -
          await phone.evaluate(() => globalThis.sentAt);
        assert.ok(delay < 1_000, `shown ${delay} ms after it was sent`);
        t.diagnostic(`${size} bytes; shown ${delay} ms after the phone had the answer`);
        const parts = await phone.evaluate(() => globalThis.parts);
        assert.ok(
          parts.every((part, n) => part >= (parts[n - 1] ?? 0)) && parts.at(-1) === 1,
          `progress ${parts}`,
        );
        assert.equal(
          await desktop.$eval(
            ".pictures img",
            (image) => fetch(image.src).then((r) => r.blob()).then((b) => b.size),
          ),
          size,
        );

        await desktop.reload();
        await waitForPictures(desktop, 1);
        assert.equal(
          await other.$$eval(".pictures li", (rows) => rows.length),
          0,
          "another member sees nothing",
        );
      },
    );

    test(`${runtime}: what is no picture is refused, and the next one is taken`, { timeout }, async (t) => {
      const server = await serverFor(t, runtime, { program, env });
      const { desktop, phone } = await openBoth(t, browser(), server.url);
      await choose(phone, fake);
      await waitForState(phone, "refused");
      assert.equal(await firstNote(phone), "Not sent: this is no picture.");
      // The next ones are dropped on the page, as with a mouse.
      await phone.evaluate(async () => {
        const canvas = document.createElement("canvas");
        const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
        const dataTransfer = new DataTransfer();
        for (const name of ["one.png", "two.png"]) dataTransfer.items.add(new File([blob], name));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
      });
      await waitFor(phone, () => document.querySelectorAll(".sendings [data-state=sent]").length === 2);
      await waitForPictures(desktop, 2);
      assert.equal(await desktop.$eval("#count", (count) => count.textContent), "2 pictures");
    });

    test(
      `${runtime}: the server is killed between two pictures, and both pages find it again`,
      { timeout },
      async (t) => {
        const server = await serverFor(t, runtime, { program, env });
        const { desktop, phone, link } = await openBoth(t, browser(), server.url);
        await server.kill();
        await choose(phone, photo);
        await waitForState(phone, "failed");
        assert.equal(await firstNote(phone), "Not sent: the server cannot be reached.");
        await waitFor(desktop, () => document.querySelector("#status").dataset.state === "waiting");
        await server.restart();
        await waitFor(desktop, () => document.querySelector("#status").dataset.state === "open");
        await phone.click(".sendings li button");
        await waitForState(phone, "sent");
        await waitForPictures(desktop, 1);
        assert.equal(await desktop.$eval("#link", (link) => link.href), link, "the code is the same");
      },
    );

    test(
      `${runtime}: after its time the code ends, both pages say so, and there is a new one`,
      { timeout },
      async (t) => {
        const server = await serverFor(t, runtime, { program, env: { ...env, UPLOAD_MINUTES: "0.1" } });
        const { desktop, phone, link } = await openBoth(t, browser(), server.url);
        await waitFor(desktop, () => document.querySelector("#code").hidden);
        assert.match(
          await desktop.$eval("#code-note", (note) => note.textContent),
          /^The time of this code is over/,
        );
        await waitFor(phone, () => document.querySelector("#form").hidden);
        assert.match(
          await phone.$eval("#note", (note) => note.textContent),
          /^The time of this code is over/,
        );
        await phone.reload();
        await waitFor(
          phone,
          () => /^The time of this code is over/.test(document.querySelector("#note").textContent),
        );
        // A page that comes to the ended code is told the same, and not given a new life.
        await desktop.reload();
        await waitFor(
          desktop,
          () => /^The time of this code is over/.test(document.querySelector("#code-note").textContent),
        );
        await press(desktop, "#renew");
        await desktop.waitForSelector("#code:not([hidden])");
        assert.notEqual(await desktop.$eval("#link", (link) => link.href), link);
      },
    );
  }

  test("every control of both pages is reached by keyboard, and the focus seen", { timeout }, async (t) => {
    const server = await serverFor(t, "node", { program, env });
    const { desktop, phone } = await openBoth(t, browser(), server.url);
    const reach = async (page, count) => {
      await page.bringToFront();
      const reached = [];
      for (let n = 0; n < count; n++) {
        await page.keyboard.press("Tab");
        reached.push(
          await page.evaluate(() => {
            const { activeElement: active } = document;
            // A file picker is its label to the eye.
            const { outlineStyle, outlineWidth } = getComputedStyle(active.labels?.[0] ?? active);
            return `${active.id || active.textContent}: ${outlineStyle} ${outlineWidth}`;
          }),
        );
      }
      return reached;
    };
    const seen = (...names) => names.map((name) => `${name}: solid 2px`);
    assert.deepEqual(await reach(phone, 3), seen("中文", "take", "choose"));
    assert.deepEqual(await reach(desktop, 5), seen("tidings", "中文", "renew", "link", "copy"));
  });

  test("the phone's page shows how far a slow upload is", { timeout }, async (t) => {
    if (browser().name !== "chromium") return t.skip("only Chromium can be slowed down");
    const server = await serverFor(t, "node", { program, env });
    const { desktop, phone } = await openBoth(t, browser(), server.url);
    await phone.emulateNetworkConditions({ upload: 2_000_000, download: 2_000_000, latency: 0 });
    await choose(phone, photo);
    await waitFor(phone, () => {
      const { value } = document.querySelector(".sendings progress");
      return value > 0.2 && value < 0.8;
    });
    assert.match(await firstNote(phone), /^\d\d %$/);
    assert.equal(await desktop.$$eval(".pictures li", (rows) => rows.length), 0);
    await waitForState(phone, "sent");
    await waitForPictures(desktop, 1);
  });
});
