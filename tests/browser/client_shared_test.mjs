// Ten tabs of a real browser hold one connection, and when the leading tab is closed or killed another takes over with
// nothing lost and nothing doubled.
import assert from "node:assert/strict";
import { bundle, serve, sleep, until } from "./client_setup.mjs";
import { eachBrowser } from "./each.mjs";

const TABS = 10;
const code = await bundle();

eachBrowser("ten tabs hold one connection, whichever of them goes", async (browser, t) => {
  const { name } = browser;
  let last = 0;
  let most = 0;
  let requests = 0;
  const streams = new Map();
  const server = await serve(code, (request, response) => {
    requests++;
    response.writeHead(200, { "content-type": "text/event-stream" });
    const from = Number(request.headers["last-event-id"] ?? last) + 1;
    let text = ": hello\n\n";
    for (let n = from; n <= last; n++) text += `id: ${n}\ndata: event ${n}\n\n`;
    response.write(text);
    streams.set(response, from);
    most = Math.max(most, streams.size);
    response.on("close", () => streams.delete(response));
  });
  const timer = setInterval(() => {
    last++;
    for (const response of streams.keys()) response.write(`id: ${last}\ndata: event ${last}\n\n`);
  }, 20);
  try {
    const open = async () => {
      const page = await browser.newPage();
      await page.goto(server.origin);
      await page.evaluate(async () => {
        const { connectShared } = await import("/client.js");
        globalThis.seen = [];
        globalThis.stream = connectShared("/events", { retry: { base: 50 } });
        globalThis.failed = undefined;
        stream.closed.catch((error) => globalThis.failed = String(error));
        (async () => {
          for await (const item of stream) {
            seen.push(item.kind === "event" ? Number(item.lastEventId) : item.kind);
          }
        })().catch(() => {});
      });
      return page;
    };
    const look = (page) =>
      page.evaluate(() => ({ role: stream.role, state: stream.state, seen, failed, id: stream.lastEventId }));
    let pages = [];
    for (let n = 0; n < TABS; n++) pages.push(await open());
    await until(
      async () => (await Promise.all(pages.map(look))).every((tab) => tab.seen.length > 10),
      "events in all tabs",
    );
    const leaders = (await Promise.all(pages.map(look))).filter((tab) => tab.role === "leader").length;
    assert.equal(leaders, 1, "one leader");
    assert.equal(streams.size, 1, "one connection");
    assert.equal(requests, 1, "one request");

    // The leader goes, again and again: closed by its user, reloaded, crashed, closed by the application.
    const ways = [
      "close",
      "reload",
      name === "chromium" ? "crash" : "close",
      "stream.close()",
      "close",
      "close",
    ];
    for (const way of ways) {
      await sleep(300);
      const tabs = await Promise.all(pages.map(look));
      const leader = pages[tabs.findIndex((tab) => tab.role === "leader")];
      assert.ok(leader, "there is a leader");
      const before = requests;
      pages = pages.filter((page) => page !== leader);
      if (way === "close") await leader.close();
      else if (way === "reload") await leader.goto("about:blank");
      else if (way === "crash") leader.goto("chrome://crash").catch(() => {});
      else await leader.evaluate(() => stream.close());
      await until(() => requests > before, `another tab to take over after ${way}`);
      await until(
        async () => (await Promise.all(pages.map(look))).some((tab) => tab.role === "leader"),
        "a leader",
      );
      // The server may see the old connection end a moment after the new one has begun.
      await until(() => streams.size === 1, "one connection again");
    }
    // A tab that comes late begins where the others are, and one with an id gets what it has missed.
    const late = await open();
    const withId = await browser.newPage();
    await withId.goto(server.origin);
    const from = last - 20;
    await withId.evaluate(async (lastEventId) => {
      const { connectShared } = await import("/client.js");
      globalThis.seen = [];
      globalThis.failed = undefined;
      globalThis.stream = connectShared("/events", { lastEventId });
      stream.on((item) => seen.push(item.kind === "event" ? Number(item.lastEventId) : item.kind));
    }, String(from));
    await until(async () => (await look(withId)).seen.length > 30, "the late tab's events");
    assert.equal((await look(withId)).seen[0], from + 1, "it begins after its id");

    // A tab whose application is too slow keeps a bounded number, and is told of what it missed.
    const slow = await browser.newPage();
    await slow.goto(server.origin);
    await slow.evaluate(async () => {
      const { connectShared } = await import("/client.js");
      globalThis.seen = [];
      globalThis.failed = undefined;
      globalThis.stream = connectShared("/events", { history: 10 });
      (async () => {
        for await (const item of stream) {
          seen.push(item);
          if (seen.length === 1) await new Promise((resolve) => setTimeout(resolve, 2000));
        }
      })();
    });
    await until(async () => (await look(slow)).seen.length > 12, "the slow tab's events");
    // One item is ahead of the loop's body, outside of what is kept.
    const [first, ahead, gap, ...rest] = (await look(slow)).seen;
    assert.deepEqual(
      [first.kind, ahead.kind, gap.kind, gap.requested],
      ["event", "event", "gap", ahead.lastEventId],
    );
    assert.equal(Number(ahead.lastEventId), Number(first.lastEventId) + 1);
    assert.ok(Number(gap.resumedAt) > Number(ahead.lastEventId) + 10, "it missed some");
    assert.deepEqual(
      rest.map((item) => Number(item.lastEventId)),
      rest.map((_, n) => Number(gap.resumedAt) + 1 + n),
      "and goes on right after them",
    );
    await slow.close();

    clearInterval(timer);
    pages.push(late, withId);
    await until(
      async () => (await Promise.all(pages.map(look))).every((tab) => tab.seen.at(-1) === last),
      "all to have all",
    );
    for (const [at, { seen, failed }] of (await Promise.all(pages.map(look))).entries()) {
      assert.equal(failed, undefined);
      assert.deepEqual(
        seen,
        Array.from({ length: last - seen[0] + 1 }, (_, n) => seen[0] + n),
        `tab ${at}: each once, in order`,
      );
    }
    assert.equal(streams.size, 1, "one connection in the end");
    assert.ok(most <= 2, `at most the old and the new one at a time, saw ${most}`);
    assert.equal(requests, ways.length + 1, "one request for each leader");
    t.diagnostic(
      `${name}: ${last} events, ${ways.length} leaders gone, ${requests} requests: nothing lost or doubled`,
    );

    // What is final ends all tabs alike.
    await server.kill();
    const refusing = await serve(code, (_, response) => {
      response.writeHead(401);
      response.end();
    }, server.port);
    await until(
      async () => (await Promise.all(pages.map(look))).every((tab) => tab.state === "closed"),
      "all to close",
    );
    const { failed } = await look(late);
    assert.match(failed, /401/);
    await refusing.kill();
    t.diagnostic(`${name}: a final failure closed all ${pages.length} tabs: ${failed}`);
  } finally {
    clearInterval(timer);
    await server.kill().catch(() => {});
  }
});
