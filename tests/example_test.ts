/** `examples/server.ts` as a process of its own: its routes, its end, and what it says when it cannot begin. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { RawClient } from "./support/client.ts";
import { runArguments } from "./support/runtime.ts";
import { until, within } from "./support/wait.ts";

const LIMIT = { timeout: 60_000 };
const program = fileURLToPath(new URL("../examples/server.ts", import.meta.url));

class Example {
  readonly #child: ChildProcess;
  stdout = "";
  stderr = "";
  code: number | null | undefined;

  constructor(env: Record<string, string>) {
    this.#child = spawn(process.execPath, [...runArguments, program], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", HOST: "127.0.0.1", ...env },
    });
    this.#child.stdout!.on("data", (chunk: unknown) => this.stdout += String(chunk));
    this.#child.stderr!.on("data", (chunk: unknown) => this.stderr += String(chunk));
    this.#child.once("close", (code) => this.code = code);
  }

  get url(): string | undefined {
    return /^Listening on (http:\/\/127\.0\.0\.1:\d+)\/$/m.exec(this.stdout)?.[1];
  }

  async ready(): Promise<this> {
    await until(() => this.url !== undefined, "the URL is printed", 30_000);
    return this;
  }

  signal(name: NodeJS.Signals): void {
    // Not `child.kill()`: Deno then reports the signal in place of the exit code.
    if (this.code === undefined) process.kill(this.#child.pid!, name);
  }

  ended(): Promise<void> {
    return until(() => this.code !== undefined, "the process has ended", 30_000);
  }
}

let example: Example;
before(async () => {
  example = await new Example({ PORT: "0" }).ready();
}, LIMIT);
after(async () => {
  example.signal("SIGKILL");
  await example.ended();
}, LIMIT);

const post = (body: string, type = "text/plain") =>
  fetch(`${example.url}/broadcast`, { method: "POST", body, headers: { "content-type": type } });

test("it prints where it listens, on one line", () => {
  assert.equal(example.stdout, `Listening on ${example.url}/\n`);
});

test("the page and all that it needs come from here", LIMIT, async () => {
  const response = await fetch(`${example.url}/`);
  assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(response.headers.get("content-security-policy")!, /default-src 'self'/);
  const html = await response.text();
  const needed = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!).filter((path) =>
    !path.startsWith("data:")
  );
  assert.ok(needed.length >= 3);
  for (const path of needed) {
    const file = await fetch(new URL(path, `${example.url}/`));
    assert.equal(file.status, 200, path);
    await file.text();
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
  assert.deepEqual(await status("/stream", { method: "POST" }), [405, "GET, HEAD"]);
  assert.deepEqual(await status("/nowhere", {}), [404, null]);
  assert.equal((await post('{"a"', "application/json")).status, 400);
  assert.equal((await post("x".repeat(65_536))).status, 200);
  assert.equal((await post("x".repeat(65_537))).status, 413);
});

test("a port in use is one clear line", LIMIT, async () => {
  const second = new Example({ PORT: new URL(example.url!).port });
  await second.ended();
  assert.equal(second.code, 1);
  assert.match(second.stderr, /^Port \d+ on 127\.0\.0\.1 is in use: [^\n]+\n$/);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(
    `${signal} ends it within 5 s with 1,000 clients, and each was told when to come back`,
    LIMIT,
    async () => {
      const busy = await new Example({ PORT: "0" }).ready();
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
