// Tests the chat page in real browsers, against the example on every runtime: no token is lost or doubled, come what may.
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeBrowsers } from "./each.mjs";
import { runtimeNames, serverFor } from "./server.mjs";
import { openPage, press, until, waitFor } from "./support.mjs";

const timeout = 90_000;
const options = { program: "examples/tokens/server.ts", env: { TOKENS_PACE: "20" } };

/** Asks, and waits for the answer to begin: until then the page shows the figures of the one before. */
async function ask(page, question) {
  await page.bringToFront();
  await page.type("#question", question);
  await page.keyboard.press("Enter");
  await waitFor(
    page,
    (question) => [...document.querySelectorAll(".asked")].at(-1)?.textContent === question,
    question,
  );
}

const waitForTokens = (page, count) =>
  waitFor(page, (count) => Number(document.querySelector("#tokens").textContent) >= count, count);
const waitForNote = (page, pattern) =>
  waitFor(
    page,
    (source) => new RegExp(source).test(document.querySelector("#note").textContent),
    pattern.source,
  );
const look = (page) =>
  page.evaluate(() => {
    const figure = (id) => Number(document.querySelector(`#${id}`).textContent);
    const answers = [...document.querySelectorAll(".answer")];
    return {
      text: answers.at(-1)?.textContent,
      tokens: figure("tokens"),
      connections: figure("connections"),
      missing: figure("missing"),
      doubled: figure("doubled"),
    };
  });

/** The answer that the page shows, as the server tells it to somebody who reads it from its beginning. */
async function fromServer(page) {
  const id = await page.evaluate(() => location.hash.slice(1));
  const address = new URL(`answers/${id}`, page.url());
  const tokens = (await (await fetch(address)).text()).matchAll(/^event: token\ndata: (.*)$/gm);
  return [...tokens].map(([, data]) => JSON.parse(data).text).join("");
}

describeBrowsers((browser) => {
  test("there is a question on the page, which one click asks", { timeout }, async (t) => {
    const server = await serverFor(t, "node", options);
    const page = await openPage(t, browser(), `${server.url}/tokens/?lang=en`);
    const question = await page.$eval("#suggestion", ({ textContent }) => textContent);
    assert.match(question, /\?$/);
    await page.click("#suggestion");
    await waitForTokens(page, 10);
    assert.equal(await page.$eval(".asked", ({ textContent }) => textContent), question);
    assert.equal(await page.$eval("#suggestion", (button) => button.checkVisibility()), false);
    assert.equal(await page.evaluate(() => document.activeElement.id), "question", "the focus is not lost");
    await waitForNote(page, /^Complete/);
    assert.deepEqual([(await look(page)).missing, (await look(page)).doubled], [0, 0]);
  });

  for (const runtime of runtimeNames) {
    test(
      `${runtime}: cut in the middle, and again after a reload, the answer is whole`,
      { timeout },
      async (t) => {
        const server = await serverFor(t, runtime, options);
        const page = await openPage(t, browser(), `${server.url}/tokens/`);
        await ask(page, "What about nginx?");
        await waitForTokens(page, 30);
        await press(page, "#cut");
        await waitForNote(page, /^The connection is gone/);
        const atCut = await look(page);
        await waitFor(page, () => document.querySelector(".caught-up"));
        await waitForNote(page, /^Complete/);
        const whole = await look(page);
        assert.ok(atCut.tokens < whole.tokens);
        assert.deepEqual(
          { ...whole, connections: whole.connections > 1 },
          { text: await fromServer(page), tokens: whole.tokens, connections: true, missing: 0, doubled: 0 },
        );
        const caughtUp = await page.$eval(".caught-up", (mark) => mark.textContent);
        assert.ok(caughtUp.length > 100, `made in the meantime: ${JSON.stringify(caughtUp)}`);

        await ask(page, "And after a reload?");
        await waitForTokens(page, 20);
        await page.reload();
        await waitForTokens(page, 40);
        await press(page, "#cut");
        await waitForNote(page, /^Complete/);
        const { text, missing, doubled } = await look(page);
        assert.deepEqual([text, missing, doubled], [await fromServer(page), 0, 0]);
        assert.equal(await page.$eval(".asked", (asked) => asked.textContent), "And after a reload?");
      },
    );

    test(
      `${runtime}: reloads lose and double nothing, and Stop on a second device ends the answer on both`,
      { timeout },
      async (t) => {
        const server = await serverFor(t, runtime, options);
        const page = await openPage(t, browser(), `${server.url}/tokens/?lang=en`);
        await ask(page, "What about proxies?");
        for (const tokens of [15, 40, 70]) {
          await waitForTokens(page, tokens);
          await page.reload();
        }
        await waitForNote(page, /^Complete/);
        const whole = await look(page);
        assert.deepEqual([whole.missing, whole.doubled], [0, 0]);
        assert.equal(whole.text, await fromServer(page));
        await page.reload();
        await waitForNote(page, /^Complete/);
        assert.deepEqual(await look(page), whole, "when it is over, a reload shows it all the same");

        await ask(page, "And on the phone?");
        await waitForTokens(page, 15);
        const device = await openPage(t, browser(), await page.$eval("#device", ({ href }) => href));
        await waitForTokens(device, 30);
        await press(device, "#stop");
        await Promise.all([waitForNote(page, /^Stopped/), waitForNote(device, /^Stopped/)]);
        const [here, there] = [await look(page), await look(device)];
        assert.deepEqual(here, there);
        assert.deepEqual([here.missing, here.doubled, here.text], [0, 0, await fromServer(page)]);
        await until(() => server.output().includes(`ended after ${here.tokens} tokens`));
      },
    );

    test(`${runtime}: stop ends the generator on the server; a server that was killed is told of`, {
      timeout,
    }, async (t) => {
      const server = await serverFor(t, runtime, options);
      const page = await openPage(t, browser(), `${server.url}/tokens/`);
      await ask(page, "Please stop");
      await waitForTokens(page, 20);
      await press(page, "#stop");
      await waitForNote(page, /^Stopped/);
      const { text, tokens } = await look(page);
      await until(() => server.output().includes(`ended after ${tokens} tokens`));
      assert.match(server.output(), new RegExp(`ended after ${tokens} tokens and [\\d.]+ s \\(stopped\\)`));
      assert.equal(await fromServer(page), text);

      await ask(page, "And now?");
      await waitForTokens(page, 20);
      await server.kill();
      await waitForNote(page, /^The connection is gone/);
      const before = await look(page);
      await server.restart();
      await waitForNote(page, /^The server does not know this answer any more/);
      assert.equal((await look(page)).text, before.text, "what had come stays");
      await ask(page, "Once more");
      await waitForTokens(page, 20);
    });
  }
});
