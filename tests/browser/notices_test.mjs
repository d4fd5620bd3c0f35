// Tests that the notices of the job's and the named events' pages go when they are no longer so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeBrowsers } from "./each.mjs";
import { serverFor } from "./server.mjs";
import { openPage, press, waitFor } from "./support.mjs";

const timeout = 120_000;
const note = (page) => page.$eval("#note", ({ textContent }) => textContent);
const noteIs = (page, sentence) =>
  waitFor(
    page,
    (source) => new RegExp(source).test(document.querySelector("#note").textContent),
    sentence.source,
  );
const stateIs = (page, id, wanted) =>
  waitFor(page, (id, wanted) => document.getElementById(id).dataset.state === wanted, id, wanted);
const waitForPart = (page, part) =>
  waitFor(page, (part) => document.querySelector("#progress").value >= part, part);

/** Lets requests of this method fail, or be answered with a status, while all others go through. */
const breakMethod = (page, method, status) =>
  page.evaluate(
    (method, status) => {
      const { fetch } = globalThis;
      globalThis.mend = () => globalThis.fetch = fetch;
      globalThis.fetch = (url, init) => {
        if (init?.method !== method) return fetch(url, init);
        return status ? Promise.resolve(new Response("", { status })) : Promise.reject(new TypeError("cut"));
      };
    },
    method,
    status,
  );
const mend = (page) => page.evaluate(() => globalThis.mend());

describeBrowsers((browser) => {
  const job = { program: "examples/job/server.ts", env: { JOB_REST: "150" } };

  test("job: what is said of an action stays until it is no longer so", { timeout }, async (t) => {
    const server = await serverFor(t, "node", job);
    const page = await openPage(t, browser(), `${server.url}/job/?lang=en`);

    // Nothing was begun, and that is said until the next try.
    await breakMethod(page, "POST");
    await press(page, "#start");
    await noteIs(page, /^No job was begun: the server did not answer/);
    await mend(page);
    await press(page, "#start");
    await waitForPart(page, 0.02);
    assert.equal(await note(page), "", "the next success takes it back");

    // What the job tells of itself does not wipe the answer to a button away.
    for (
      const [method, button, status, sentence] of [
        ["POST", "#start", 503, /^The server did not begin a job/],
        ["DELETE", "#cancel", undefined, /^The job was not cancelled: the server did not answer/],
        ["DELETE", "#cancel", 500, /^The job was not cancelled: the server answered 500/],
      ]
    ) {
      await breakMethod(page, method, status);
      await press(page, button);
      await noteIs(page, sentence);
      await waitForPart(page, await page.$eval("#progress", ({ value }) => value + 0.01));
      assert.match(await note(page), sentence, "it stays while the job goes on");
      await mend(page);
    }

    // It goes with the connection: where the job is now is another story.
    await server.kill();
    await noteIs(page, /^The server cannot be reached/);
    await server.restart();
    await noteIs(page, /^The server does not know this job/);
    // Nothing is shown of a job that is gone, as if it went on.
    assert.equal(await page.$eval("#job", ({ hidden }) => hidden), true);
    assert.equal(await page.$eval("#task", ({ textContent }) => textContent), "Counting the primes");
    await press(page, "#start");
    await waitFor(page, () => !document.querySelector("#job").hidden);
    assert.equal(await note(page), "");
    await press(page, "#cancel");
    await noteIs(page, /^Cancelled/);
    // Begun again, nothing is left of it, before the first news of the new job as well.
    await page.evaluate(() => {
      const { pushState } = history;
      history.pushState = (...parameters) => {
        pushState.apply(history, parameters);
        queueMicrotask(() => globalThis.said = document.querySelector("#note").textContent);
      };
    });
    await press(page, "#start");
    await waitFor(page, () => globalThis.said !== undefined);
    assert.equal(await page.evaluate(() => globalThis.said), "");
  });

  test("job: a connection that comes back is no longer said to be lost", { timeout }, async (t) => {
    const server = await serverFor(t, "node", { ...job, env: { JOB_REST: "3000" } });
    const page = await openPage(t, browser(), `${server.url}/job/?lang=en`);
    await press(page, "#start");
    await stateIs(page, "job", "running");
    // Only the server's answers are kept from the page: the job goes on meanwhile.
    await page.evaluateOnNewDocument(() => {
      const { fetch } = globalThis;
      globalThis.isCut = true;
      globalThis.fetch = (...args) =>
        globalThis.isCut ? Promise.reject(new TypeError("cut")) : fetch(...args);
    });
    await page.reload();
    await noteIs(page, /^The server cannot be reached/);
    await page.evaluate(() => globalThis.isCut = false);
    await stateIs(page, "job", "running");
    assert.equal(await note(page), "");
  });

  test("tokens: an answer that could not be stopped is not said to be", { timeout }, async (t) => {
    const server = await serverFor(t, "node", { program: "examples/tokens/server.ts" });
    const page = await openPage(t, browser(), `${server.url}/tokens/?lang=en`);
    await press(page, "#question");
    await waitFor(page, () => Number(document.querySelector("#tokens").textContent) > 3);
    await breakMethod(page, "DELETE");
    await press(page, "#stop");
    await noteIs(page, /^The answer was not stopped/);
    await mend(page);
    await press(page, "#stop");
    await noteIs(page, /^Stopped/);
  });

  test("named events: a trouble that is over is no longer told", { timeout }, async (t) => {
    const server = await serverFor(t, "node", { program: "examples/named-events/server.ts" });
    const page = await openPage(t, browser(), `${server.url}/named-events/?lang=en&from=here`);
    await stateIs(page, "ours-status", "open");
    const hint = await note(page);
    await press(page, '[data-trouble="503"]');
    await noteIs(page, /^The server answers 503 for 8 s/);
    const start = Date.now();
    await waitFor(page, (hint) => document.querySelector("#note").textContent === hint, hint);
    const took = Date.now() - start;
    assert.ok(took > 5_000 && took < 12_000, `${took} ms`);

    // The server that the buttons ask is away, and comes back.
    await server.kill();
    await stateIs(page, "ours-status", "waiting");
    await press(page, '[data-trouble="502"]');
    await noteIs(page, /^Nothing was done: .* did not answer/);
    assert.equal(await page.$eval("#note", ({ dataset }) => dataset.kind), "error");
    await server.restart();
    await stateIs(page, "ours-status", "open");
    await waitFor(page, (hint) => document.querySelector("#note").textContent === hint, hint);
    assert.equal(await page.$eval("#note", ({ dataset }) => dataset.kind), "ok");
  });
});
