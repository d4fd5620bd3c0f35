// Tests the gallery's front page in real browsers: the feed that its code makes, and that a cut connection misses nothing.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { describeBrowsers } from "./each.mjs";
import { runtimeNames, serverFor } from "./server.mjs";
import { openPage, press, until, waitFor, waitForState } from "./support.mjs";

const timeout = 120_000;
const COUNTING = "tests/browser/counting_gallery.ts";
const source = await readFile(new URL("../../examples/gallery/prices.ts", import.meta.url), "utf8");

const textOf = (page, id) => page.$eval(`#${id}`, ({ textContent }) => textContent);
const waitForPrices = (page, count) =>
  waitFor(page, (count) => document.querySelectorAll("#wire [data-kind=received] b").length >= count, count);
const verdictIs = (page, pattern) =>
  waitFor(
    page,
    (source) => new RegExp(source).test(document.querySelector("#verdict").textContent),
    pattern.source,
  );
/** Keeps every line of the wire, also those that are no longer shown. */
const recordWire = (page) =>
  page.evaluate(() => {
    const wire = document.querySelector("#wire");
    globalThis.lines = [...wire.children].map(({ textContent }) => textContent);
    new MutationObserver((records) => {
      for (const { addedNodes } of records) {
        for (const { textContent } of addedNodes) globalThis.lines.push(textContent);
      }
    }).observe(wire, { childList: true });
  });

/** Waits until the server has sent so many prices to somebody else. */
async function eventsPass(server, count) {
  const { body } = await fetch(`${server.url}/gallery/prices`);
  let text = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if ((text.match(/^data: \d+\.\d\d$/gm) ?? []).length >= count) return;
  }
}

describeBrowsers((browser, name) => {
  for (const runtime of runtimeNames) {
    test(
      `${runtime}: the code that runs, its wire, its page; a cut misses nothing`,
      { timeout },
      async (t) => {
        const server = await serverFor(t, runtime, runtime === "node" ? { program: COUNTING } : {});
        const page = await openPage(t, browser(), `${server.url}/?lang=en`, { width: 1280, height: 800 });
        await recordWire(page);
        const code = await textOf(page, "code");
        assert.ok(code.length > 200 && source.includes(`\n${code}\n`), "it is a part of the file that runs");
        await waitForState(page, "open");
        await waitForPrices(page, 8);
        assert.match(await textOf(page, "price"), /^\d+\.\d\d$/);
        assert.match(await textOf(page, "account"), /^Ids \d+ to \d+, none missing$/);

        await press(page, "#cut");
        await waitFor(page, () => document.querySelector("#status").dataset.state !== "open");
        if (runtime === "node") await until(() => streams(server) === 1); // it is gone for the server, too
        await waitFor(page, () => /^Away for [2-9] s$/.test(document.querySelector("#account").textContent));
        assert.equal(await page.$eval("#cut", (cut) => cut.getAttribute("aria-disabled")), "true");
        await verdictIs(page, /^\d+ events while away, all received\.$/);
        const away = Number(/^\d+/.exec(await textOf(page, "verdict"))[0]);
        assert.ok(away >= 4 && away <= 8, `${away} events`);
        assert.match(await textOf(page, "account"), /none missing$/);
        assert.equal(
          await page.$eval("#chart .late", (path) => path.getAttribute("d").match(/M/g).length),
          away,
          "each is marked in the chart",
        );

        // On the wire it is seen how: the last id is sent, and the events go on behind it.
        const lines = await page.evaluate(() => globalThis.lines);
        const cut = lines.indexOf("connection cut");
        assert.ok(cut > 0);
        const numbers = (part) =>
          part.flatMap((line) => /^id: \w+-(\d+)$/.exec(line)?.slice(1).map(Number) ?? []);
        const before = numbers(lines.slice(0, cut)).at(-1);
        const asked = lines.find((line) => line.startsWith("Last-Event-ID: "));
        assert.equal(Number(/-(\d+)$/.exec(asked)[1]), before);
        const after = numbers(lines.slice(cut));
        assert.deepEqual(after, after.map((_, n) => before + 1 + n), "each once, none missing");

        // The server is killed, which no id can bridge: the page says so.
        await server.kill();
        await waitFor(page, () => document.querySelector("#status").dataset.state !== "open");
        await waitFor(page, () => document.querySelector(".systems .figure").textContent === "–");
        await server.restart();
        await verdictIs(page, /^Some events were missed/);
        await waitForState(page, "open");
        await waitFor(page, () => /^\d+$/.test(document.querySelector(".systems .figure").textContent));
      },
    );
  }

  test("each card has a figure that lives; the cluster's says how it is started", { timeout }, async (t) => {
    const server = await serverFor(t, "node");
    const page = await openPage(t, browser(), `${server.url}/?lang=en`);
    const figure = (name) => page.$eval(`li:has([href="/${name}/"]) .figure`, (e) => e.textContent);
    await waitFor(
      page,
      () => [...document.querySelectorAll(".figure")].every((e) => /^\d/.test(e.textContent)),
    );
    const before = Number(await figure("introduction"));
    await waitFor(
      page,
      (before) =>
        Number(document.querySelector(`li:has([href="/introduction/"]) .figure`).textContent) > before,
      before,
    );
    assert.match(
      await page.$eval(".apart", (card) => card.textContent),
      /node .*examples\/cluster\/server\.ts/,
    );
    assert.equal(await page.$eval(".apart", (card) => card.querySelector("a")), null);
  });

  test(
    "two windows share a connection and what it reads; cut in one, both miss nothing",
    { timeout },
    async (t) => {
      const server = await serverFor(t, "node", { program: COUNTING });
      const pages = [];
      for (let n = 0; n < 2; n++) {
        const page = await openPage(t, browser(), "about:blank");
        // As in two windows beside each other: to the browser the tab behind is out of sight.
        await page.evaluateOnNewDocument(() =>
          Object.defineProperty(document, "visibilityState", { get: () => "visible" })
        );
        await page.goto(`${server.url}/?lang=en`);
        await waitForPrices(page, 4);
        pages.push(page);
      }
      await until(() => streams(server) === 2);
      await recordWire(pages[1]);
      await press(pages[1], "#cut"); // the connection is the other one's
      await until(() => streams(server) === 1);
      for (const page of pages) await verdictIs(page, /^\d+ events while away, all received\.$/);
      const lines = await pages[1].evaluate(() => globalThis.lines);
      assert.ok(
        lines.includes("connection cut") && lines.some((line) => /^Last-Event-ID: \w+-\d+$/.test(line)),
      );
      await until(() => streams(server) === 2);
    },
  );

  test("a page out of sight has no connection, and goes on where it was", { timeout }, async (t) => {
    const server = await serverFor(t, "node", { program: COUNTING });
    const page = await openPage(t, browser(), `${server.url}/?lang=en`);
    await waitForPrices(page, 4);
    await until(() => streams(server) === 2);
    await openPage(t, browser(), "about:blank");
    await until(() => streams(server) === 0);
    await eventsPass(server, 3);
    await page.bringToFront();
    await verdictIs(page, /^\d+ events? while away, all received\.$/);
    await until(() => streams(server) === 2);
    t.diagnostic(`${name}: ${await textOf(page, "verdict")}`);
  });
});

/** The front page's streams that are under way at the server: see counting_gallery.ts. */
function streams(server) {
  const open = JSON.parse(server.output().match(/(?<=^open: ).*$/gm)?.at(-1) ?? "{}");
  return (open["/gallery/prices"] ?? 0) + (open["/gallery/figures"] ?? 0);
}
