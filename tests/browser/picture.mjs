// Records the README's moving picture: the dashboard while a client stalls and the server is killed and comes back.
//   node tests/browser/picture.mjs    needs chromium and ffmpeg; writes docs/dashboard.gif
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "../../scripts/support/browsers.mjs";
import { startServer } from "./server.mjs";
import { openLivePage } from "./support.mjs";

const FRAMES_A_SECOND = 4;
const SIZE = { width: 1000, height: 640 };

const work = mkdtempSync(join(tmpdir(), "tidings-picture-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const server = await startServer("node");
const browser = await launchBrowser("chromium");
const afterwards = [];
const page = await openLivePage({ after: (run) => afterwards.push(run) }, browser, server.url, SIZE);

let recording = true;
let frames = 0;
const recorded = (async () => {
  for (let due = performance.now(); recording; due += 1_000 / FRAMES_A_SECOND) {
    await sleep(Math.max(0, due - performance.now()));
    const path = join(work, `${String(++frames).padStart(4, "0")}.png`);
    await page.screenshot({ path, captureBeyondViewport: false });
  }
})();

for (const text of ["EUR/USD 1.0842", "EUR/USD 1.0844", "Hello from another tab"]) {
  await server.publish(text);
  await sleep(900);
}
await server.kill();
await sleep(2_500);
await server.restart();
await sleep(3_500);
await server.publish("The server is back");
await sleep(1_500);
// A client that stops reading, and the feed goes on for the others.
await page.click("#stall");
await page.evaluate(() => document.querySelector("#clients-heading").scrollIntoView({ behavior: "smooth" }));
await sleep(7_000);
recording = false;
await recorded;
for (const run of afterwards) await run();
await browser.close();
await server.kill();

const filter =
  "split[a][b];[a]palettegen=max_colors=64:stats_mode=diff[p];[b][p]paletteuse=dither=none:diff_mode=rectangle";
const output = fileURLToPath(new URL("../../docs/dashboard.gif", import.meta.url));
const frame = join(work, "%04d.png");
execFileSync("ffmpeg", ["-y", "-framerate", `${FRAMES_A_SECOND}`, "-i", frame, "-vf", filter, output], {
  stdio: "ignore",
});
console.log(`${output}, ${frames} frames`);
process.exit(0);
