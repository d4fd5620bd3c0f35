// Tests a packed stream in real browsers: each event is dispatched as it comes, and neither an end nor a cut loses one.
import assert from "node:assert/strict";
import { eachBrowser } from "./each.mjs";
import { runtimeNames, serverFor } from "./server.mjs";

eachBrowser("a packed stream is read event by event, over ends and cuts", async (browser, t) => {
  for (const runtime of runtimeNames) {
    const server = await serverFor(t, runtime, { program: "tests/browser/packed_server.ts" });
    const ask = async (path) => (await fetch(server.url + path)).json();
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.evaluate(() => {
      globalThis.seen = [];
      globalThis.source = new EventSource("/stream");
      globalThis.source.onmessage = ({ data }) => globalThis.seen.push(JSON.parse(data).n);
    });
    const until = async (condition, what) => {
      for (let tries = 0; !await condition(); tries++) {
        assert.ok(tries < 200, `${what}, with the server on ${runtime}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    };
    const seen = () => page.evaluate(() => globalThis.seen);
    const connected = async () => (await ask("/asked")).clients === 1;
    await until(connected, "connected");
    let count = 0;
    const publish = async () => {
      await ask("/publish");
      count++;
      // Each is there before the next one is published.
      await until(async () => (await seen()).length === count, `event ${count} is dispatched by itself`);
    };
    for (let i = 0; i < 3; i++) await publish();
    const before = (await ask("/asked")).asked;
    // A whole stream, its checksum included: an ordinary end, after which it comes back with the last id.
    await ask("/end");
    await until(async () => (await ask("/asked")).asked > before, "it comes back");
    await until(connected, "connected again");
    await publish();
    assert.deepEqual(await seen(), Array.from({ length: count }, (_, i) => i));
    const encoding = await page.evaluate(async () => {
      const response = await fetch("/stream");
      await response.body.cancel();
      return response.headers.get("content-encoding");
    });
    assert.equal(encoding, "gzip", "it was packed all the time");
    // Cut off in the middle of the packed stream, by a crash: an ordinary end too.
    await server.kill();
    await server.restart();
    await until(connected, "connected to the next server");
    await page.evaluate(() => globalThis.seen = []);
    count = 0;
    await publish();
    assert.deepEqual(await seen(), [0]);
    await server.kill();
    await page.close();
  }
});
