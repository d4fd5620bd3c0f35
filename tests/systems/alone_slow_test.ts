/** Tests each example as a program of its own, on the running runtime. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { RawClient } from "../support/client.ts";
import { Example, pageAndFiles } from "../support/example.ts";
import { until } from "../support/wait.ts";

const LIMIT = { timeout: 60_000 };

/** Starts the system, hands it over, and sees it end when it is told to. */
async function alone(
  name: string,
  use: (url: string, port: number, example: Example) => Promise<void>,
  env = {},
) {
  const example = await new Example(`${name}/server.ts`, { PORT: "0", ...env }).ready();
  try {
    const url = example.url!;
    const home = await fetch(`${url}/`);
    await home.body?.cancel();
    assert.equal(home.url, `${url}/${name}/`, "the address without a path leads to the page");
    await pageAndFiles(`${url}/${name}/`);
    await use(url, Number(new URL(url).port), example);
    example.signal("SIGTERM");
    await example.ended();
    assert.equal(example.code, 0, example.stderr);
    // Deno prints why a stream was cut off.
    assert.match(example.stderr, /^(\[Error: tidings cut an event stream off \(reason: lagging\)\]\n)?$/);
  } finally {
    example.signal("SIGKILL");
    await example.ended();
  }
}

const logged = (example: Example, line: RegExp) =>
  until(() => line.test(example.stdout), `${line} in the log`);

/** What an example has printed of this kind, line by line; each is another than the one before it. */
function counts(example: Example, line: RegExp): string[] {
  const found = example.stdout.match(line) ?? [];
  found.forEach((count, n) => assert.notEqual(count, found[n - 1], example.stdout));
  return found;
}

test(
  "introduction: the time to everyone, and how many they are",
  LIMIT,
  () =>
    alone("introduction", async (_url, port, example) => {
      const clients = [
        await RawClient.open(port, { path: "/introduction/events" }),
        await RawClient.open(port, { path: "/introduction/events" }),
      ];
      for (const client of clients) await client.until(/data: It is \d{4}-/);
      await logged(example, /^introduction: 2 consumers$/m);
      for (const client of clients) await client.until(/(data: It is [^]*){3}/);
      for (const client of clients) client.end();
      await logged(example, /2 consumers[^]*^introduction: 0 consumers$/m);
      assert.ok(counts(example, /^introduction: \d+ consumers$/gm).length <= 3, "only when it has changed");
    }),
);

test(
  "ticker: counted for each connection, and its timer ends in the moment the client leaves",
  LIMIT,
  () =>
    alone("ticker", async (_url, port, example) => {
      const first = await RawClient.open(port, { path: "/sse", headers: { origin: "https://app.example" } });
      await first.until(/data: Message: 2 - the time is \d{4}-/);
      assert.match(first.text, /^access-control-allow-origin: https:\/\/app\.example\r$/im);
      const second = await RawClient.open(port, {
        path: "/sse",
        headers: { origin: "https://other.example" },
      });
      await second.until("data: Message: 1 - the time is ");
      assert.doesNotMatch(second.text, /access-control-allow-origin/i);
      assert.doesNotMatch(second.text, /Message: 2/);
      first.reset();
      const left = performance.now();
      await logged(example, /^ticker: connection 1 closed \(client\), its timer ended at [23]$/m);
      assert.ok(performance.now() - left < 1_000);
      second.end();
      await logged(example, /^ticker: connection 2 closed \(client\)/m);
    }, { ORIGINS: "https://app.example" }),
);

test(
  "named events: unnamed and named to all, other origins by the list, cookies and all",
  LIMIT,
  () =>
    alone("named-events", async (url, port, example) => {
      const client = await RawClient.open(port, {
        path: "/events",
        headers: { origin: "http://localhost:3000" },
      });
      await client.until(/data: send data: \d{4}-[^]*event: test-event\nid: [^\n]+\ndata: named data: /);
      for (
        const header of [
          /^access-control-allow-origin: http:\/\/localhost:3000\r$/im,
          /^access-control-allow-credentials: true\r$/im,
          /^vary: origin\r$/im,
          /^x-accel-buffering: no\r$/im,
        ]
      ) assert.match(client.text, header);
      assert.match(client.text, /retry: 2000\n/);
      await logged(example, /^named-events: 1 connected$/m);
      await client.until(/(data: send data: [^]*){3}/);
      client.end();
      await logged(example, /^named-events: 0 connected$/m);
      assert.deepEqual(counts(example, /^named-events: \d+ connected$/gm), [
        "named-events: 1 connected",
        "named-events: 0 connected",
      ]);

      const found = await fetch(`${url}/named-events/neighbour`);
      const { url: neighbour } = await found.json();
      assert.notEqual(new URL(neighbour).port, `${port}`);
      const cookie = /^visitor=\w+/.exec(found.headers.get("set-cookie")!)![0];
      const visitor = await fetch(neighbour, { headers: { origin: url, cookie } });
      assert.equal(visitor.headers.get("access-control-allow-origin"), url);
      await logged(example, new RegExp(`^named-events: visitor ${cookie.slice(8)} from ${url}$`, "m"));
      await visitor.body!.cancel();

      const trouble = async (query: string) => {
        const response = await fetch(`${url}/named-events/trouble?${query}`, { method: "POST" });
        await response.text();
        return response.status;
      };
      const status = () => fetch(neighbour, { method: "HEAD" }).then(({ status }) => status, () => "refused");
      assert.equal(await trouble("kind=refuse&seconds=1"), 202);
      assert.equal(await status(), "refused");
      for (const kind of ["502", "503"]) {
        assert.equal(await trouble(`kind=${kind}&seconds=1`), 202);
        assert.equal(await status(), Number(kind));
      }
      let last: unknown;
      for (const end = Date.now() + 10_000; last !== 200 && Date.now() < end;) last = await status();
      assert.equal(last, 200);
      assert.equal(await trouble("kind=reboot"), 400);
      assert.equal(await trouble("seconds=61"), 400);
    }),
);

test(
  "dashboard: ids, reasons, and one client that stalls and holds up nobody",
  LIMIT,
  () =>
    alone("dashboard", async (url, port, example) => {
      const reader = await RawClient.open(port, { path: "/stream?topics=registry,pulse" });
      await reader.until(/^x-client-id: 1\r$/im);
      const plain = await RawClient.open(port, { path: "/stream" });
      await plain.until("tidings-cursor");
      await logged(example, /^dashboard: #1 connected, 1 in all\ndashboard: #2 connected, 2 in all$/m);
      const response = await fetch(`${url}/dashboard/stall`, { method: "POST" });
      assert.equal(response.status, 202);
      await response.text();
      const report = (pattern: RegExp) => reader.until(pattern, 30_000);
      await report(/"id":3,"kind":"staller"[^{}]*"waiting":\{"events":[1-9]/);
      await report(
        /"id":3,"kind":"staller"[^{}]*"waiting":\{"events":[1-9]\d*,"bytes":\d+\},"left":"lagging"/,
      );
      await logged(
        example,
        /^dashboard: #3 left \(lagging, with \d+ events \(\d{7} bytes\) waiting\), 2 in all$/m,
      );
      // All the while the reader was served: a pulse is published every 20 ms.
      const pulses = reader.text.split("event: pulse").length - 1;
      assert.ok(pulses > 200, `${pulses} pulses`);
      await plain.until(/data: Auto heartbeat #\d+\n/);
      assert.doesNotMatch(plain.text, /event: (registry|pulse|load)/);
      reader.reset();
      await logged(example, /^dashboard: #1 left \(client\), 1 in all$/m);
    }),
);

test("ORIGINS that no browser would send are told before anything is served", LIMIT, async () => {
  const example = new Example("ticker/server.ts", { PORT: "0", ORIGINS: "https://app.example/" });
  await example.ended();
  assert.notEqual(example.code, 0);
  assert.match(example.stderr, /"https:\/\/app\.example\/": write "https:\/\/app\.example"/);
});
