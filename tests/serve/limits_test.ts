// What a stranger may send to a server, up to where it is refused: SECURITY.md says the same in a table.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { Broadcaster, type Gap } from "../../mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { runtime } from "../support/runtime.ts";
import { until } from "../support/wait.ts";

const LIMIT = { timeout: 60_000 };

/** What a raw request is answered, as far as it came until `isEnough`, or until the connection was closed. */
async function answerTo(port: number, text: string, isEnough: (got: string) => boolean): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  let got = "";
  let isOver = false;
  socket.on("data", (chunk: unknown) => got += String(chunk));
  // A server may reset the connection before it has taken all of what is too much.
  socket.on("error", () => {});
  socket.on("close", () => isOver = true);
  socket.write(text);
  try {
    await until(() => isOver || isEnough(got), "the answer is here");
  } finally {
    socket.destroy();
  }
  return got;
}

const isHead = (got: string) => got.includes("\r\n\r\n");

function get(path: string, headers: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, "Host: h.example", "Connection: close", ...headers, "", ""].join("\r\n");
}

test(
  "headers and a URL of a usual size arrive whole; what is far too large is refused before the handler",
  LIMIT,
  async () => {
    const seen: { path: string; headers: number; longest: number }[] = [];
    const server = await serve((request) => {
      const headers = [...request.headers].map(([, value]) => value.length);
      seen.push({
        path: new URL(request.url).pathname,
        headers: headers.length,
        longest: Math.max(...headers, request.url.length),
      });
      return new Response("fine");
    }, { port: 0, hostname: "127.0.0.1", grace: 0 });
    const many = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}: 12345678`);
    try {
      for (
        const request of [
          get("/long", [`x: ${"y".repeat(8_000)}`]),
          get("/many", many(90)),
          get(`/url?${"y".repeat(8_000)}`, []),
        ]
      ) assert.match(await answerTo(server.port, request, isHead), /^HTTP\/1\.1 200 /);
      assert.deepEqual(seen.map(({ path }) => path), ["/long", "/many", "/url"]);
      assert.ok(seen[0]!.longest === 8_000 && seen[1]!.headers >= 90 && seen[2]!.longest > 8_000);

      for (
        const request of [
          get("/long", [`x: ${"y".repeat(500_000)}`]),
          get("/many", many(5_000)),
          get(`/url?${"y".repeat(500_000)}`, []),
        ]
      ) {
        // With 431, 400 or 414, or by cutting the connection.
        assert.match(await answerTo(server.port, request, isHead), /^(HTTP\/1\.1 4\d\d |$)/);
      }
      assert.equal(seen.length, 3, "the handler saw none of it");
      assert.match(await answerTo(server.port, get("/", []), isHead), /^HTTP\/1\.1 200 /);
    } finally {
      await server.close();
    }
  },
);

test(
  "a last event ID of any length and characters is a gap that echoes 64 of them, and forges nothing",
  LIMIT,
  async () => {
    const feed = new Broadcaster();
    const server = await serve((request) => feed.subscribe(request, { lastEventIdQuery: "id" }), {
      port: 0,
      hostname: "127.0.0.1",
      grace: 0,
    });
    const tip = feed.publish("before");
    const gapOf = async (request: string) => {
      const got = await answerTo(server.port, request, (got) => /\ndata: .*\n\n/.test(got));
      assert.deepEqual(got.match(/^(event|id|data|retry): ?/gm), ["event: ", "id: ", "data: "], got);
      return JSON.parse(/\ndata: (.*)\n\n/.exec(got)![1]!) as Gap;
    };
    try {
      assert.deepEqual(await gapOf(get("/", [`Last-Event-ID: ${"y".repeat(8_000)}`])), {
        requested: "y".repeat(64),
        resumedAt: await tip,
        reason: "invalid",
      });
      const odd = await gapOf(get("/", [`Last-Event-ID: "}\\n data: 😀é<script>${"😀".repeat(500)}`]));
      assert.match(odd.requested, /^"\}\\n data: 😀é<script>/);
      assert.ok(odd.requested.length <= 64);
      // A line break or a NUL can come in a query alone, and is text in the JSON.
      const broken = await gapOf(get(`/?id=${encodeURIComponent("1\n\nevent: forged\ndata: x\r\n\0")}`, []));
      assert.equal(broken.requested, "1\n\nevent: forged\ndata: x\r\n\0");
      // In a header no runtime takes it.
      for (const control of ["\0", "\x01"]) {
        const got = await answerTo(server.port, get("/", [`Last-Event-ID: 1${control}2`]), isHead);
        assert.match(got, /^(HTTP\/1\.1 400 |$)/, JSON.stringify(control));
      }
      await until(() => feed.size === 0, "nobody is left");
    } finally {
      await feed.close();
      await server.close();
    }
  },
);

test("a thousand connections that say nothing keep nobody else waiting", LIMIT, async () => {
  const feed = new Broadcaster();
  const server = await serve((request) => feed.subscribe(request), {
    port: 0,
    hostname: "127.0.0.1",
    grace: 0,
  });
  const half = Array.from({ length: 1_000 }, () => connect(server.port, "127.0.0.1").on("error", () => {}));
  try {
    for (const socket of half) socket.write("GET / HTTP/1.1\r\nHost: h.example\r\nx: ");
    const got = await answerTo(server.port, get("/", []), (got) => got.includes(":\n\n"));
    assert.match(got, /^HTTP\/1\.1 200 /);
    assert.ok(feed.size <= 1, "none of them has a place");
  } finally {
    for (const socket of half) socket.destroy();
    await feed.close();
    await server.close();
  }
});

test("of a body that nobody reads the server takes what the kernel holds, and no more", {
  ...LIMIT,
  skip: runtime === "deno" && "Deno 2.9 takes it all: a limit is the proxy's",
}, async () => {
  const feed = new Broadcaster();
  const server = await serve((request) => feed.subscribe(request), {
    port: 0,
    hostname: "127.0.0.1",
    grace: 0,
  });
  const socket = connect(server.port, "127.0.0.1").on("error", () => {});
  const chunk = new Uint8Array(1 << 16);
  let sent = 0;
  let last = -1;
  const send = () => {
    while (!socket.destroyed) {
      sent += chunk.length;
      if (!socket.write(chunk)) return void socket.once("drain", send);
    }
  };
  try {
    socket.write("POST / HTTP/1.1\r\nHost: h.example\r\nContent-Length: 100000000\r\n\r\n");
    send();
    await until(() => feed.size === 1, "its stream has begun");
    // Stands still: nothing was taken between two looks.
    for (let still = 0; still < 10; still = sent === last ? still + 1 : 0) {
      last = sent;
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.ok(sent < 50_000_000, `${sent} bytes were taken`);
    }
  } finally {
    socket.destroy();
    await feed.close();
    await server.close();
  }
});
