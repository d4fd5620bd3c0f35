/** Tests subscribing and closing: whatever throws leaves nothing behind, and neither does the end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, type Compression, type SubscribeOptions } from "../../mod.ts";
import { countingClock } from "../support/counting_clock.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { turnedClock } from "../support/turned_clock.ts";

test("keepalive, retry, headers and cors are set once for all, and anew for one", async () => {
  const clock = turnedClock();
  const feed = new Broadcaster({
    clock,
    keepalive: 1_000,
    retry: 5,
    headers: { "x-all": "1", "x-own": "all" },
    cors: { origins: ["https://a.example"] },
  });
  const asked = () => new Request("http://localhost/", { headers: { origin: "https://a.example" } });
  const response = feed.subscribe(asked());
  assert.equal(response.headers.get("x-all"), "1");
  assert.equal(response.headers.get("access-control-allow-origin"), "https://a.example");
  const own = feed.subscribe(asked(), {
    keepalive: false,
    retry: 7,
    headers: { "x-own": "one" },
    cors: { origins: [] },
  });
  assert.deepEqual([own.headers.get("x-all"), own.headers.get("x-own")], ["1", "one"]);
  assert.equal(own.headers.get("access-control-allow-origin"), null);
  const clients = [new MemoryClient(response), new MemoryClient(own)];
  for (const client of clients) await client.settle();
  const first = clients.map(({ chunks }) => new TextDecoder().decode(chunks[0]));
  assert.match(first[0]!, /^:\nretry: 5\n\n/);
  assert.match(first[1]!, /^:\nretry: 7\n\n/);
  clock.pass(1_000);
  for (const client of clients) await client.settle();
  assert.deepEqual(clients.map(({ chunks }) => chunks.length), [2, 1]);
  assert.equal(feed.subscribe(request({ method: "OPTIONS" })).status, 204);
  void feed.close();
});

const throwing = (method: "begin" | "encode" | "head"): Compression => ({
  encoding: "gzip",
  begin() {
    if (method === "begin") throw new Error("mine");
    return {
      get head(): Uint8Array {
        if (method === "head") throw new Error("mine");
        return new Uint8Array();
      },
      encode() {
        throw new Error("mine");
      },
      tail: () => new Uint8Array(),
    };
  },
});

test("a subscription that throws takes no place, at whichever step it does", async () => {
  const clock = countingClock();
  const feed = new Broadcaster({ clock, limits: { clients: 2, clientsPerOwner: 2 } });
  const before = feed.stats();
  const wrong: [string, SubscribeOptions][] = [
    ["lastEventId", { lastEventId: 5 as unknown as string }],
    ["topics", { topics: [""] }],
    ["headers", { headers: { connection: "close" } }],
    ["compression, at its beginning", { compression: throwing("begin") }],
    ["compression, at its head", { compression: throwing("head") }],
    ["compression, at the first chunk", { compression: throwing("encode") }],
    ["signal", {
      signal: {
        aborted: false,
        addEventListener() {
          throw new Error("mine");
        },
      } as unknown as AbortSignal,
    }],
  ];
  for (const [name, options] of wrong) {
    for (let i = 0; i < 3; i++) {
      assert.throws(
        () => feed.subscribe(request({ packed: true }), { owner: "ann", topics: ["t"], ...options }),
        name,
      );
    }
    assert.deepEqual(feed.stats(), before, name);
    assert.equal(clock.pending(), 0, name);
  }
  const good = [feed.subscribe(request(), { owner: "ann" }), feed.subscribe(request(), { owner: "ann" })];
  assert.equal(feed.size, 2);
  for (const { body } of good) await body!.cancel();
  await feed.close();
});

test("close() leaves no timer, and a second one keeps the first one's retry", async () => {
  const clock = countingClock();
  const feed = new Broadcaster({ clock });
  const clients = [new MemoryClient(feed.subscribe(request())), new MemoryClient(feed.subscribe(request()))];
  for (const client of clients) await client.settle();
  const slow = feed.close({ retry: 1_000, within: 60_000 });
  const late = await feed.subscribe(request()).text();
  await feed.close();
  await slow;
  await feed.closed;
  assert.equal(feed.state, "closed");
  assert.match(late, /retry: 1000\n/);
  for (const client of clients) {
    await client.settle();
    assert.match(new TextDecoder().decode(client.chunks.at(-1)), /^retry: 1\d\d\d\n\n$/);
  }
  assert.equal(clock.pending(), 0);
});

test("close() of a Broadcaster without clients lets the process go at once", async () => {
  const clock = countingClock();
  const feed = new Broadcaster({ clock });
  const begun = performance.now();
  await feed.close({ within: 60_000 });
  assert.ok(performance.now() - begun < 5_000);
  assert.equal(clock.pending(), 0);
});

test("onOpen is called of who is let in, once and before onClose, and of nobody else", async () => {
  const feed = new Broadcaster({ limits: { clients: 1 } });
  const told: string[] = [];
  const hooks = (name: string): SubscribeOptions => ({
    onOpen: () => told.push(`${name} came, of ${feed.size}`),
    onClose: () => told.push(`${name} left`),
  });
  const { body } = feed.subscribe(request(), hooks("first"));
  assert.deepEqual(told, ["first came, of 1"]);
  feed.subscribe(request(), hooks("one too many"));
  feed.subscribe(new Request("http://localhost/", { method: "HEAD" }), hooks("head"));
  feed.subscribe(new Request("http://localhost/", { signal: AbortSignal.abort() }), hooks("gone"));
  await body!.cancel();
  await feed.close();
  feed.subscribe(request(), hooks("late"));
  assert.deepEqual(told, ["first came, of 1", "first left"]);
  assert.throws(() => feed.subscribe(request(), { onOpen: 1 as never }), /"onOpen" must be a function/);
});
