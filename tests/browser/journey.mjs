// Tests what a visitor of the page lives through with one server: from connecting to a crash and back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startServer, startUnavailable } from "./server.mjs";
import { broadcast, openLivePage, until, waitFor, waitForRow, waitForState } from "./support.mjs";

const timeout = 240_000;

/** @param getBrowser gives the browser once it runs */
export function addJourneyTests(getBrowser, runtime) {
  let server;
  before(async () => {
    server = await startServer(runtime);
  });
  after(() => server?.kill());

  const open = (t) => openLivePage(t, getBrowser(), server.url);

  test("connects by itself and receives what the server sends", { timeout }, async (t) => {
    const page = await open(t);
    await waitForRow(page, /^Auto heartbeat #\d+$/);
    await waitFor(page, () => document.querySelector("[data-stat=clients]").textContent === "1");
  });

  test("what one tab broadcasts arrives in the other", { timeout }, async (t) => {
    const [one, other] = [await open(t), await open(t)];
    await broadcast(one, "from the one tab");
    await waitForRow(other, "from the one tab");
    await waitForRow(one, "from the one tab");
    await waitFor(one, () => document.querySelector("#text").value === "");
    await broadcast(other, "from the other tab");
    await waitForRow(one, "from the other tab");
  });

  test("markup is shown and not run", { timeout }, async (t) => {
    const page = await open(t);
    const hostile = `<script>window.stolen = 1</script><img src="/none" onerror="window.stolen = 1">`;
    await broadcast(page, hostile);
    await waitForRow(page, hostile);
    await server.publish("after it"); // by when this is there, the image would have been asked for
    await waitForRow(page, "after it");
    const [stolen, elements] = await page.evaluate(() => [
      typeof globalThis.stolen,
      document.querySelectorAll("#messages script, #messages img").length,
    ]);
    assert.equal(stolen, "undefined");
    assert.equal(elements, 0);
  });

  test("comes back to a server that was killed and started again", { timeout }, async (t) => {
    const page = await open(t);
    await server.publish("before the crash");
    await waitForRow(page, "before the crash");
    await server.kill();
    await waitForState(page, "waiting");
    await broadcast(page, "kept");
    await waitFor(page, () => document.querySelector("#broadcast-note").dataset.kind === "error");
    assert.equal(await page.$eval("#text", (field) => field.value), "kept");
    await server.restart();
    await waitForState(page, "open");
    await server.publish("after the crash");
    await waitForRow(page, "after the crash");
    await waitForRow(page, "before the crash"); // what was there stays there
    await waitForRow(page, /^Some events were missed/); // the new server cannot know the old one's events, and says so
  });

  test("comes back through a proxy's 503, where EventSource itself gives up", { timeout }, async (t) => {
    const page = await open(t);
    await server.publish("before the 503");
    await waitForRow(page, "before the 503");
    await server.kill();
    const unavailable = await startUnavailable(server.port);
    t.after(unavailable.close);
    await waitFor(page, () => /Next try in \d+ s/.test(document.querySelector("#status-detail").textContent));
    await waitForState(page, "waiting");
    // Each try names the last event that arrived.
    const resumes = ({ url, lastEventId }) => url.startsWith("/stream?") && /^\w+-\d+$/.test(lastEventId);
    await until(() => unavailable.asked.some(resumes));
    await unavailable.close();
    await server.restart();
    await waitForState(page, "open");
    await server.publish("after the 503");
    await waitForRow(page, "after the 503");
  });

  test("disconnects for good, and connects again when asked to", { timeout }, async (t) => {
    const page = await open(t);
    await until(async () => (await server.stats()).clients === 1);
    await page.click("#disconnect");
    await waitForState(page, "closed");
    await until(async () => (await server.stats()).clients === 0);
    await page.click("#connect");
    await waitForState(page, "open");
    await until(async () => (await server.stats()).clients === 1);
  });

  test("clear empties the list, and the next message is its first", { timeout }, async (t) => {
    const page = await open(t);
    await server.publish("to be cleared");
    await waitForRow(page, "to be cleared");
    // In one go: between a click from outside and a look from outside, a heartbeat may arrive.
    const left = await page.evaluate(() => {
      document.querySelector("#clear").click();
      return document.querySelectorAll(".row").length;
    });
    assert.equal(left, 0);
    await server.publish("after clear");
    await waitForRow(page, "after clear");
    assert.equal(await page.evaluate(() => document.body.textContent.includes("to be cleared")), false);
  });
}
