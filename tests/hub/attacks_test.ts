/** Tests what a stranger may try: huge and slow bodies, patterns that never end, forged lines, and replays of what is private. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHub } from "../../lib/hub/mod.ts";
import { RawClient } from "../support/client.ts";
import {
  dataOf,
  grant,
  ISSUER,
  pattern,
  type Reader,
  SECRET,
  sign,
  URL_OF_HUB,
  withHub,
} from "../support/hub.ts";
import { MemoryLog } from "../support/memory_backplane.ts";
import { until } from "../support/wait.ts";

const portOf = (origin: string) => Number(new URL(origin).port);

test("a body that is too large is refused before it was read, or as soon as it is too large", async () => {
  await withHub({ limits: { bodyBytes: 1_000 } }, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    assert.equal((await hub.publish(token, { topic: "a", data: "x".repeat(900) })).status, 200);
    assert.equal((await hub.publish(token, { topic: "a", data: "x".repeat(1_000) })).status, 413);
    const head = `POST /.well-known/mercure HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
      "content-type: application/x-www-form-urlencoded\r\n";
    const told = await RawClient.open(portOf(hub.origin));
    told.send(`${head}content-length: 100000000000\r\n\r\ntopic=a`);
    await until(() => told.text.includes("HTTP/1.1 413"), "a refusal before the body has come");
    told.close();
    const endless = await RawClient.open(portOf(hub.origin));
    endless.send(`${head}transfer-encoding: chunked\r\n\r\n`);
    for (let i = 0; i < 3; i++) endless.send(`200\r\n${"x".repeat(512)}\r\n`);
    await until(() => endless.text.includes("HTTP/1.1 413"), "a refusal while the body still comes");
    endless.close();
    // A token comes first: a stranger's body is not read at all.
    const stranger = await RawClient.open(portOf(hub.origin));
    stranger.send(head.replace(token, "x.y.z") + "content-length: 900\r\n\r\n");
    await until(() => stranger.text.includes("HTTP/1.1 401"), "a refusal without a body");
    stranger.close();
    assert.deepEqual(hub.errors, []);
  });
});

test("a body that comes a byte at a time is given up, and others are served meanwhile", async () => {
  await withHub({ limits: { bodyTimeout: 500 } }, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    const slow = await RawClient.open(portOf(hub.origin));
    slow.send(
      `POST /.well-known/mercure HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
        "content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nt",
    );
    assert.equal((await hub.publish(token, { topic: "a" })).status, 200);
    await until(() => slow.text.includes("HTTP/1.1 408") || slow.closed, "the end of its patience");
    slow.close();
    assert.deepEqual(hub.errors, []);
  });
});

test("text that is no UTF-8 is refused, in a form and beneath its escapes", async () => {
  await withHub({}, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    const post = (body: string | Uint8Array<ArrayBuffer>) =>
      hub.get("/.well-known/mercure", {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/x-www-form-urlencoded" },
        body,
      });
    assert.equal((await post("topic=a&data=%ff")).status, 400);
    assert.equal((await post(new Uint8Array([116, 111, 112, 105, 99, 61, 0xff]))).status, 400);
    assert.equal((await post("topic=a&data=%ef%bf%bd")).status, 200, "the character itself may be sent");
    assert.equal((await post("topic=a&data=100%")).status, 200);
  });
});

test("nothing that a publisher sends forges a line of the stream", async () => {
  await withHub({}, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    const raw = await RawClient.open(portOf(hub.origin));
    raw.request({ path: "/.well-known/mercure?match=*" });
    await until(() => raw.body !== "", "the stream's first bytes");
    for (const bad of ["\n", "\r", "\r\n", "\0", "\u0085", "\u2028\n"]) {
      for (const field of ["id", "type", "topic"]) {
        const response = await hub.publish(token, { topic: "a", [field]: `x${bad}event: forged` });
        assert.equal(response.status, 400, `${field} ${JSON.stringify(bad)}`);
      }
    }
    const forged = "a\nevent: forged\rid: forged\r\nretry: 1\n\ndata: forged";
    assert.equal((await hub.publish(token, { topic: "a", data: forged })).status, 200);
    assert.equal((await hub.post("/publish", token, { topic: "a", data: "end\u0000\u2028" })).status, 200);
    await until(() => raw.body.includes("data: end"), "the last update");
    for (const line of raw.body.split(/\r\n|\r|\n/)) {
      assert.doesNotMatch(line, /^(event|id|retry): ?(forged|1$)/);
    }
    raw.close();
  });
});

test("patterns that all begin the same way are limited, since each is asked for each new topic", async () => {
  await withHub({ limits: { patternsPerPrefix: 2 } }, async (hub) => {
    const status = async (pattern: string) => {
      const reader = await hub.subscribe(`match_urlpattern=${pattern}`);
      return { reader, status: reader.response.status };
    };
    const first = await status("*://e.com/a");
    assert.equal(first.status, 200);
    assert.equal((await status("*://e.com/b")).status, 200);
    assert.equal((await status("*://e.com/c")).status, 429);
    assert.equal((await status("*://e.com/b")).status, 200, "the same one is no more work");
    assert.equal((await status("https://e.com/*")).status, 200, "one that begins otherwise");
    first.reader.close();
    await until(() => hub.hub.broadcaster.size === 3, "its departure");
    assert.equal((await status("*://e.com/c")).status, 200);
  });
});

test("patterns that would keep a regular expression busy for years delay nobody", async () => {
  await withHub({}, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    const bombs: Reader[] = [];
    for (let i = 0; i < 20; i++) {
      const queries = Array.from(
        { length: 20 },
        (_, j) => `match_urlpattern=*://e.com/${"*a".repeat(12)}${i}-${j}!`,
      );
      bombs.push(await hub.subscribe(queries.join("&")));
    }
    assert.deepEqual(bombs.map(({ response }) => response.status), Array(20).fill(200));
    const reader = await hub.subscribe("match=https://e.com/end");
    const begun = performance.now();
    for (let i = 0; i < 3; i++) {
      assert.equal(
        (await hub.publish(token, { topic: `https://e.com/${"a".repeat(1_900)}${i}` })).status,
        200,
      );
    }
    await hub.publish(token, { topic: "https://e.com/end", data: "last" });
    await until(() => reader.events.length > 0, "an update of another topic");
    assert.ok(performance.now() - begun < 10_000, `${performance.now() - begun} ms`);
  });
});

test("over a backplane, another process replays what is private to nobody else either", async () => {
  const log = new MemoryLog();
  // A history so short that the past comes from the engine.
  const history = { events: 2 };
  const publisher = await sign([grant("publish", "*")]);
  const { Broadcaster } = await import("../../mod.ts");
  const make = () => new Broadcaster({ backplane: log.backplane(), history });
  await withHub({ broadcaster: make() }, async (first) => {
    await until(() => first.hub.broadcaster.health().ok, "the log is read");
    const start = await (await first.publish(publisher, { topic: "x", data: "start" })).text();
    for (let i = 0; i < 10; i++) {
      await first.publish(publisher, {
        topic: [`https://e.com/${i}`, `https://e.com/of/${i % 3}`],
        data: String(i),
        ...(i % 2 === 0 ? {} : { private: "on" }),
      });
    }
    await first.publish(publisher, { topic: "end", data: "last" });
    await withHub({ broadcaster: make() }, async (second) => {
      await until(() => second.hub.broadcaster.health().ok, "the log is read");
      const query = "match_urlpattern=https://e.com/:id&match=end";
      const tokens: [string | undefined, string[]][] = [
        [undefined, ["0", "2", "4", "6", "8", "last"]],
        [await sign([grant("subscribe", "https://e.com/7")]), ["0", "2", "4", "6", "7", "8", "last"]],
        [
          await sign([grant("subscribe", pattern("https://e.com/of/1"))]),
          ["0", "1", "2", "4", "6", "7", "8", "last"],
        ],
        [await sign([grant("subscribe", "*")]), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "last"]],
      ];
      for (const [token, expected] of tokens) {
        const reader = await second.subscribe(query, { token, lastEventId: start });
        await until(() => dataOf(reader).includes("last"), "the last update");
        assert.deepEqual(dataOf(reader), expected);
      }
    });
  });
});

test("two hubs and the program itself share a broadcaster, and the matchers of none are taken for another's", async () => {
  const { Broadcaster } = await import("../../mod.ts");
  const broadcaster = new Broadcaster();
  const auth = {
    issuers: [{ issuer: ISSUER, algorithms: ["HS256" as const], secret: SECRET }],
    anonymous: true,
  };
  const one = createHub({ url: URL_OF_HUB, auth, broadcaster });
  const two = createHub({ url: "https://other.example/hub", auth, broadcaster });
  const read = async (hub: typeof one, path: string) =>
    (await hub.fetch(new Request(`http://x${path}?match_urlpattern=/books/:id&match=end`))).text();
  const [of1, of2] = [read(one, "/.well-known/mercure"), read(two, "/hub")];
  // The first one's program has matchers of its own, with whatever keys.
  const own = broadcaster.subscribe(new Request("http://x/"), {
    topics: [{ key: "public", matches: () => true }],
  });
  const ofOwn = own.text();
  await new Promise(setImmediate);
  broadcaster.publish({ topic: "https://hub.example/books/1", data: "first" });
  broadcaster.publish({ topic: "https://other.example/books/1", data: "second" });
  broadcaster.publish({ topic: "end", data: "last" });
  await broadcaster.close();
  const data = (text: string) => [...text.matchAll(/^data: (\w+)$/gm)].map(([, found]) => found);
  assert.deepEqual(data(await of1), ["first", "last"]);
  assert.deepEqual(data(await of2), ["second", "last"]);
  assert.deepEqual(data(await ofOwn), ["first", "second", "last"]);
});
