/** Tests the gallery: all examples on one server. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { RawClient } from "../support/client.ts";
import { Example, pageAndFiles } from "../support/example.ts";
import { runtime } from "../support/runtime.ts";
import { within } from "../support/wait.ts";

const LIMIT = { timeout: 60_000 };

let example: Example;
before(async () => {
  example = await new Example("server.ts", { PORT: "0" }).ready();
}, LIMIT);
after(async () => {
  example.signal("SIGKILL");
  await example.ended();
}, LIMIT);

const post = (body: string, type = "text/plain") =>
  fetch(`${example.url}/broadcast`, { method: "POST", body, headers: { "content-type": type } });

test("it prints where it listens, on a line of its own", () => {
  assert.match(example.stdout, /^Listening on http:\/\/127\.0\.0\.1:\d+\/$/m);
});

test("the front page links every system, and all that their pages need comes from here", LIMIT, async () => {
  const { files } = await pageAndFiles(`${example.url}/`);
  assert.ok(files.length >= 4);
  const { texts } = await import(new URL("../../examples/gallery/text.js", import.meta.url).href);
  const names = Object.keys(texts.en.systems);
  assert.ok(names.length >= 4);
  for (const name of names) {
    const { html, files } = await pageAndFiles(`${example.url}/${name}/`);
    assert.match(html, /<a class="wordmark" href="\.\.\/">/);
    assert.ok(files.includes(`${example.url}/${name}/page.js`), name);
  }
  const policy = (await fetch(`${example.url}/dashboard/`)).headers.get("content-security-policy");
  assert.match(policy!, /default-src 'self'.*frame-ancestors 'none'/);
});

test("the introduction's server is as short as it says, and every system is in the table", async () => {
  const read = (path: string) => readFile(new URL(`../../examples/${path}`, import.meta.url), "utf8");
  assert.ok((await read("introduction/server.ts")).trimEnd().split("\n").length <= 16);
  const table = await read("README.md");
  const { texts } = await import(new URL("../../examples/gallery/text.js", import.meta.url).href);
  for (const name of Object.keys(texts.en.systems)) assert.ok(table.includes(`(${name}/)`), name);
});

test("the front page's code, its feed, and a figure of each system", LIMIT, async () => {
  const { code, start, lines } = await (await fetch(`${example.url}/gallery/about`)).json();
  const source = await readFile(new URL("../../examples/gallery/prices.ts", import.meta.url), "utf8");
  assert.ok(source.includes(`\n${code}\n`));
  assert.match(start, { node: /^node /, bun: /^bun /, deno: /^deno / }[runtime]);
  const { texts } = await import(new URL("../../examples/gallery/text.js", import.meta.url).href);
  const names = Object.keys(texts.en.systems);
  assert.deepEqual(Object.keys(lines).sort(), [...names, "cluster"].sort());
  for (const { server, page } of Object.values<{ server: number; page: number }>(lines)) {
    assert.ok(server > 10 && page > 10);
  }

  const port = Number(new URL(example.url!).port);
  const prices = await RawClient.open(port, { path: "/gallery/prices" });
  await prices.until(/(id: [0-9a-z]+-\d+\ndata: \d+\.\d\d\n\n[^]*){2}/);
  const [id] = prices.text.match(/(?<=id: )\S+(?=\ndata: \d)/)!;
  prices.reset();
  const back = await RawClient.open(port, { path: "/gallery/prices", headers: { "last-event-id": id } });
  const next = id.replace(/\d+$/, (number) => String(Number(number) + 1));
  await back.until(`id: ${next}\ndata: `);
  back.end();

  // The figures of now come first, and again when one has changed.
  const figures = await RawClient.open(port, { path: "/gallery/figures" });
  await figures.until(/event: figures\n[^]*data: \{[^\n]*"ticker":0[,}]/);
  const told = JSON.parse(/(?<=data: )\{.*/.exec(figures.text)![0]);
  assert.deepEqual(Object.keys(told).sort(), names.sort());
  for (const [name, figure] of Object.entries(told)) assert.equal(typeof figure, "number", name);
  const ticker = await RawClient.open(port, { path: "/sse" });
  await figures.until(/"ticker":1[,}]/);
  ticker.end();
  await figures.until(/"ticker":1[,}][^]*"ticker":0[,}]/);
  figures.end();
});

test("the pages' client library is one file of JavaScript", LIMIT, async () => {
  const response = await fetch(`${example.url}/page/client.js`);
  assert.equal(response.headers.get("content-type"), "text/javascript; charset=utf-8");
  const exported = /export \{([^}]+)\}/.exec(await response.text())![1]!;
  for (const name of ["connect", "connectShared", "parseSSE"]) {
    assert.match(exported, new RegExp(`\\b${name}\\b`));
  }
});

test(
  "what is posted reaches every client: text as it is, JSON as JSON, the time if it is empty",
  LIMIT,
  async () => {
    const port = Number(new URL(example.url!).port);
    const clients = [
      await RawClient.open(port, { path: "/stream" }),
      await RawClient.open(port, { path: "/stream" }),
    ];
    for (const client of clients) await client.until("tidings-cursor");
    const { clients: count, id } = await (await post("a <b>text</b>")).json();
    assert.equal(count, 2);
    assert.match(id, /^[0-9a-z]+-\d+$/);
    assert.equal((await post('{"a": [1, 2]}', "application/json")).status, 200);
    const empty = await post("");
    assert.equal(empty.status, 200);
    for (const client of clients) {
      await client.until("data: a <b>text</b>\n");
      await client.until('data: {"a":[1,2]}\n');
      await client.until(/data: \d{4}-\d\d-\d\dT[\d:.]+Z\n/);
      client.end();
    }
    const stats = await (await fetch(`${example.url}/stats`)).json();
    for (const name of ["clients", "published", "delivered", "bytes", "lagging", "dropped"]) {
      assert.equal(typeof stats[name], "number", name);
    }
  },
);

test("what cannot be served is answered with its status", LIMIT, async () => {
  const status = async (path: string, init: RequestInit) => {
    const response = await fetch(`${example.url}${path}`, init);
    await response.text();
    return [response.status, response.headers.get("allow")];
  };
  assert.deepEqual(await status("/broadcast", { method: "GET" }), [405, "POST"]);
  assert.deepEqual(await status("/broadcast", { method: "PUT", body: "x" }), [405, "POST"]);
  assert.deepEqual(await status("/stream", { method: "POST" }), [405, "GET, HEAD, OPTIONS"]);
  assert.deepEqual(await status("/nowhere", {}), [404, null]);
  assert.equal((await post('{"a"', "application/json")).status, 400);
  assert.equal((await post("x".repeat(65_536))).status, 200);
  assert.equal((await post("x".repeat(65_537))).status, 413);
});

test("a port in use is one clear line", LIMIT, async () => {
  const second = new Example("server.ts", { PORT: new URL(example.url!).port });
  await second.ended();
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^Port \d+ on 127\.0\.0\.1 is in use: [^\n]+\n$/);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(
    `${signal} ends it within 5 s with 1,000 clients, and each was told when to come back`,
    LIMIT,
    async () => {
      const busy = await new Example("server.ts", { PORT: "0" }).ready();
      const port = Number(new URL(busy.url!).port);
      const clients: RawClient[] = [];
      while (clients.length < 1_000) {
        clients.push(
          ...await Promise.all(Array.from({ length: 50 }, () => RawClient.open(port, { path: "/stream" }))),
        );
      }
      await within(
        Promise.all(clients.map((client) => client.until("tidings-cursor", 20_000))),
        "all are connected",
        30_000,
      );
      const start = performance.now();
      busy.signal(signal);
      await busy.ended();
      const took = performance.now() - start;
      assert.equal(busy.code, 0, busy.stderr);
      assert.ok(took < 5_000, `took ${Math.round(took)} ms`);
      await within(
        Promise.all(clients.map((client) => client.until(/retry: 1[0-5]\d\d\n/))),
        "all were told",
      );
    },
  );
}
