// Tests the demo page of `tidings hub`: two tabs, by keyboard, and the program that it shows, as it stands there.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { after, before } from "node:test";
import { promisify } from "node:util";
import { launchBrowser } from "../../scripts/support/browsers.mjs";
import { eachBrowserName } from "./each.mjs";
import { root, SECRET, startHub } from "./hub.mjs";
import { isDark, sidewaysOverflow } from "./measure.mjs";
import { takePicture } from "./screenshots.mjs";
import { openPage, waitFor } from "./support.mjs";

const sizes = [{ width: 360, height: 740 }, { width: 1280, height: 900 }];

let hub;
before(async () => hub = await startHub(["--demo"]));
after(() => hub.stop());

const arrived = (page, text) =>
  waitFor(
    page,
    (text) => [...document.querySelectorAll("#arrivals pre")].some((pre) => pre.textContent === text),
    text,
  );

eachBrowserName(
  "what one tab says all receive, and what a program publishes as the page shows it",
  async (name) => {
    for (const dark of [false, true]) {
      const browser = await launchBrowser(name, { dark });
      try {
        const open = () => openPage({ after: () => {} }, browser, `${hub.url}/demo`, sizes[1]);
        const [one, other] = [await open(), await open()];
        assert.equal(await one.evaluate(isDark), dark);
        for (const page of [one, other]) {
          await waitFor(page, () => document.querySelector("#status").dataset.state === "open");
        }
        await one.bringToFront();
        await one.keyboard.press("Tab");
        assert.equal(await one.evaluate(() => document.activeElement.id), "text");
        const said = `<b>Hello</b> from ${name}${dark ? ", in the dark" : ""}`;
        await one.keyboard.type(said);
        await one.keyboard.press("Enter");
        await waitFor(one, () => /^Published/.test(document.querySelector("#say-note").textContent));
        for (const page of [one, other]) await arrived(page, said);

        const shown = (id) => one.$eval(`#${id}`, (pre) => pre.textContent);
        await waitFor(one, () => document.querySelector("#post").textContent !== "");
        const script = `${await shown("mint")}\n${(await shown("post")).replace("curl ", "curl -sf ")}`;
        const { stdout } = await promisify(execFile)("bash", [
          "-ec",
          script.replace("data=Hello", "data=By curl"),
        ], {
          cwd: root,
          env: { ...process.env, TIDINGS_JWT_SECRET: SECRET },
        });
        assert.notEqual(stdout, "");
        for (const page of [one, other]) await arrived(page, "By curl");

        for (const size of sizes) {
          await one.setViewport(size);
          await waitFor(one, (width) => innerWidth === width, size.width);
          assert.deepEqual(await one.evaluate(sidewaysOverflow), [], `at ${size.width} px`);
          await takePicture(one, `demo-${name}-${size.width}-${dark ? "dark" : "light"}`, { fullPage: true });
        }
        assert.deepEqual(await one.evaluate(() => globalThis.failures), []);
      } finally {
        await browser.close();
      }
    }
  },
);
