// connect() in real browsers against a server that misbehaves, from the same origin and across origins. What can recover
// has each event exactly once and in order; what cannot ends with a named error that carries the response.
import assert from "node:assert/strict";
import { bundle, serve, sleep, until } from "./client_setup.mjs";
import { eachBrowser } from "./each.mjs";

const code = await bundle();

const events = (from, to) =>
  Array.from({ length: to - from + 1 }, (_, n) => `id: ${from + n}\ndata: event ${from + n}\n\n`).join("");
const next = (request) => Number(request.headers["last-event-id"] ?? 0) + 1;
const open = (response) => response.writeHead(200, { "content-type": "text/event-stream" });
const refuse = (response, status, headers = {}) =>
  response.writeHead(status, headers).end(status === 204 ? undefined : "no");
const finish = (request, response, last) => open(response).write(events(next(request), last));

/** Breaks off with a reset, in the middle of an event. */
async function breakOff(request, response) {
  const from = next(request);
  open(response).write(events(from, from + 2) + `id: ${from + 3}\ndata: eve`);
  await sleep(150);
  response.socket.resetAndDestroy();
}

// `down` kills the server after the first events and brings it back after so many milliseconds.
const scenarios = [
  { name: "killed, back after 4 s", last: 6, down: 4000 },
  { name: "killed, back after 25 s", last: 6, down: 25_000, retry: { base: 200, max: 4000 } },
  { name: "clean end", last: 9, respond: (q, r) => open(r).end(events(next(q), next(q) + 2)) },
  {
    name: "reset in the middle of an event",
    last: 9,
    respond: (q, r, n) => n < 2 ? breakOff(q, r) : finish(q, r, 9),
  },
  { name: "502", last: 3, respond: (q, r, n) => n < 2 ? refuse(r, 502) : finish(q, r, 3) },
  {
    name: "503 + Retry-After",
    last: 3,
    respond: (q, r, n) => n < 1 ? refuse(r, 503, { "retry-after": "1" }) : finish(q, r, 3),
    apart: 990,
  },
  {
    name: "429 + Retry-After",
    last: 3,
    respond: (q, r, n) => n < 1 ? refuse(r, 429, { "retry-after": "1" }) : finish(q, r, 3),
    apart: 990,
  },
  {
    name: "401, then a fresh token",
    last: 3,
    token: true,
    respond: (q, r) => q.headers.authorization === "2" ? finish(q, r, 3) : refuse(r, 401),
  },
  {
    name: "frozen",
    last: 6,
    stallTimeout: 600,
    respond: (q, r, n) => n < 1 ? open(r).write(events(1, 3)) : finish(q, r, 6),
  },
  {
    name: "redirect",
    last: 4,
    respond: (q, r) =>
      q.url === "/events"
        ? refuse(r, 307, { location: "/elsewhere" })
        : open(r).end(events(next(q), next(q) + 1)),
  },
  {
    name: "retry: 0",
    last: 3,
    respond: (q, r) => open(r).end(`retry: 0\n${events(next(q), next(q))}`),
    apart: 480,
  },
  { name: "204", code: "no-content", status: 204, respond: (_, r) => refuse(r, 204) },
  { name: "403", code: "bad-status", status: 403, respond: (_, r) => refuse(r, 403) },
  {
    name: "wrong type",
    code: "bad-content-type",
    status: 200,
    respond: (_, r) => refuse(r, 200, { "content-type": "text/html" }),
  },
  {
    name: "over the cap",
    code: "event-too-large",
    status: 200,
    seen: 2,
    respond: (_, r) => open(r).write(events(1, 2) + `data: ${"x".repeat(5000)}\n\n`),
  },
  {
    name: "missing CORS header",
    only: "cross",
    noCors: true,
    retry: { base: 50, attempts: 2 },
    code: "connection-failed",
    respond: (_, r) => open(r).write(events(1, 2)),
  },
];

async function start(scenario, mode) {
  const times = [];
  let streams = 0;
  let down = false;
  const respond = async (request, response) => {
    if (mode === "cross" && !scenario.noCors) {
      response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
      response.setHeader("access-control-expose-headers", "retry-after");
    }
    // The client's own Last-Event-ID and authorization headers are asked for first, across origins.
    if (request.method === "OPTIONS") {
      return refuse(response, 200, { "access-control-allow-headers": "last-event-id, authorization" });
    }
    streams++;
    response.on("close", () => streams--);
    if (request.url !== "/elsewhere") times.push(Date.now());
    if (!scenario.down) return scenario.respond(request, response, times.length - 1);
    if (down) return finish(request, response, scenario.last);
    open(response).write(events(1, 3));
    await sleep(500);
    down = true;
    const { port } = handle.server;
    await handle.server.kill();
    await sleep(scenario.down);
    handle.server = await serve(code, respond, port);
  };
  const handle = { server: await serve(code, respond), times, streams: () => streams };
  return handle;
}

eachBrowser("connect() recovers from what it can, and says what it cannot", async (browser, t) => {
  const { name } = browser;
  const home = await serve(code, (_, response) => refuse(response, 404));
  const handles = [];
  try {
    const runs = [];
    for (const mode of ["same", "cross"]) {
      const shared = mode === "cross" && await browser.newPage();
      if (shared) await shared.goto(home.origin);
      for (const scenario of scenarios) {
        if (scenario.only && scenario.only !== mode) continue;
        const handle = await start(scenario, mode);
        handles.push(handle);
        const page = shared || await browser.newPage();
        if (!shared) await page.goto(handle.server.origin);
        const { last, retry = { base: 50, max: 200 }, stallTimeout = 20_000, token } = scenario;
        runs.push({
          scenario,
          mode,
          handle,
          done: page.evaluate(
            async (url, { last, retry, stallTimeout, token }) => {
              const { connect } = await import("/client.js");
              const seen = [];
              let asked = 0;
              const stream = connect(url, {
                retry,
                stallTimeout,
                maxEventSize: 1000,
                ...(token && {
                  headers: () => ({ authorization: String(asked++) }),
                  shouldRetry: (error, { retry }) => retry || error.response?.status === 401,
                }),
              });
              try {
                for await (const item of stream) {
                  seen.push(`${item.lastEventId} ${item.data}`);
                  if (seen.length === last) break;
                }
                return { seen };
              } catch (error) {
                return { seen, code: error.code, status: error.response?.status, message: error.message };
              }
            },
            `${handle.server.origin}/events`,
            { last, retry, stallTimeout, token },
          ),
        });
      }
    }
    for (const { scenario, mode, handle, done } of runs) {
      const what = `${name}, ${mode} origin, ${scenario.name}`;
      const { seen, ...error } = await done;
      const count = scenario.last ?? scenario.seen ?? 0;
      assert.deepEqual(
        seen,
        Array.from({ length: count }, (_, n) => `${n + 1} event ${n + 1}`),
        `${what}: ${error.message}`,
      );
      assert.equal(error.code, scenario.code, what);
      assert.equal(error.status, scenario.status, what);
      if (scenario.apart) {
        for (let n = 1; n < handle.times.length; n++) {
          assert.ok(
            handle.times[n] - handle.times[n - 1] >= scenario.apart,
            `${what}: ${handle.times.join()}`,
          );
        }
      }
      await until(() => handle.streams() === 0, `${what}: the connection to be closed`);
      t.diagnostic(`${what}${error.code ? `: ${error.code}, ${error.message}` : ""}`);
    }
    await hasten(browser, t);
    await bringBack(browser, t);
    t.diagnostic(`${name}: all ${runs.length + 2} checks passed`);
  } finally {
    await home.kill();
    for (const { server } of handles) await server.kill().catch(() => {});
  }
});

/** A wait of minutes ends at once when the network is back or the page is seen, and nothing is left when it is over. */
async function hasten(browser, t) {
  let up = false;
  const server = await serve(
    code,
    (request, response) => up ? finish(request, response, 1) : refuse(response, 503),
  );
  try {
    const page = await browser.newPage();
    await page.goto(server.origin);
    for (const event of ["online", "visibilitychange"]) {
      up = false;
      await page.evaluate(async () => {
        const { connect } = await import("/client.js");
        globalThis.seen = 0;
        const stream = connect("/events", { retry: { base: 500_000, max: 500_000 } });
        globalThis.stream = stream;
        stream.on(() => globalThis.seen++);
      });
      await until(() => page.evaluate(() => stream.state === "waiting"), "the wait");
      up = true;
      await sleep(300);
      assert.equal(await page.evaluate(() => stream.state), "waiting");
      // The page of a headless browser is visible, so the event alone is what a page that is seen again gets.
      await page.evaluate(
        (type) =>
          (type === "online" ? globalThis : document).dispatchEvent(new Event(type, { bubbles: true })),
        event,
      );
      await until(() => page.evaluate(() => seen === 1), `${event} to hasten the retry`);
      await page.evaluate(() => stream.close());
      t.diagnostic(`${event} hastens a waiting retry`);
    }
  } finally {
    await server.kill();
  }
}

/**
 * A page that the browser puts away and brings back as it was, by its back button: a connection that lasted goes on, and
 * one that was cut meanwhile is made again at once, though its wait would take minutes. Firefox does not put a page away
 * that is connected: it begins anew.
 */
async function bringBack(browser, t) {
  const { name } = browser;
  for (const cut of [false, true]) {
    let last = 0;
    let requests = 0;
    const streams = new Set();
    const server = await serve(code, (request, response) => {
      if (request.url !== "/events") return response.end("other");
      requests++;
      const from = request.headers["last-event-id"] ? next(request) : last + 1;
      open(response).write(": hello\n\n" + events(from, last));
      streams.add(response);
      response.on("close", () => streams.delete(response));
    });
    const timer = setInterval(() => {
      last++;
      for (const response of streams) response.write(events(last, last));
    }, 20);
    try {
      const page = await browser.newPage();
      await page.goto(server.origin);
      await page.evaluate(async () => {
        const { connect } = await import("/client.js");
        globalThis.seen = [];
        globalThis.stream = connect("/events", { retry: { base: 500_000, max: 500_000 } });
        stream.on((item) => globalThis.seen.push(Number(item.lastEventId)));
      });
      await until(() => page.evaluate(() => seen.length > 3), "the first events");
      await page.goto(`${server.origin}/other`);
      await sleep(300);
      if (cut) { for (const response of streams) response.socket.resetAndDestroy(); }
      await sleep(300);
      const before = last;
      await page.goBack();
      if (await page.evaluate(() => !("seen" in globalThis))) {
        assert.notEqual(name, "chromium", "Chromium brings the page back");
        t.diagnostic(`${name}: does not put a connected page away`);
        continue;
      }
      await until(() => page.evaluate((id) => seen.at(-1) > id, before), "events after it", 5000);
      const seen = await page.evaluate(() => seen);
      assert.deepEqual(seen, seen.map((_, n) => seen[0] + n), "each once, in order");
      assert.equal(requests, cut ? 2 : 1);
      t.diagnostic(`${name}: a page that is brought back goes on${cut ? ", cut off meanwhile" : ""}`);
    } finally {
      clearInterval(timer);
      await server.kill();
    }
  }
}
