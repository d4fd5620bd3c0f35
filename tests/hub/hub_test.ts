/** Tests the hub's protocol over real sockets: what is published reaches whom it is for, live and after a return. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster } from "../../mod.ts";
import { dataOf, DETAIL, grant, pattern, type Reader, sign, type TestHub, withHub } from "../support/hub.ts";
import { until } from "../support/wait.ts";

const arrived = (reader: Reader, count: number) =>
  until(() => reader.events.length >= count, `${count} events, and it has ${reader.events.length}`);

/** Publishes an update that all of them get, and waits for it: what they did not get before it they never will. */
async function flush(
  { publish }: TestHub,
  token: string,
  topic: string,
  ...readers: Reader[]
): Promise<void> {
  await publish(token, { topic, data: "last" });
  for (const reader of readers) await until(() => dataOf(reader).includes("last"), "the last update");
}

test("an update reaches those whose matchers match one of its topics, and nobody else", async () => {
  await withHub({}, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    const books = "match_urlpattern=https://example.com/books/:id";
    const readers = {
      exact: await hub.subscribe("match=https://example.com/books/1"),
      spelled: await hub.subscribe("match_exact=https://example.com/books/1&match=end"),
      pattern: await hub.subscribe(`${books}&match=end`),
      relative: await hub.subscribe("match_urlpattern=/books/:id&match=end"),
      every: await hub.subscribe("match=*"),
      other: await hub.subscribe("match=https://example.com/books/2&match=end"),
    };
    const published = await hub.publish(token, {
      topic: ["https://example.com/books/1", "https://example.com/books/x"],
      data: "one\r\ntwo",
      type: "sold",
      id: "urn:uuid:1",
      retry: "3000",
    });
    assert.equal(published.status, 200);
    assert.equal(published.headers.get("content-type"), "text/plain; charset=utf-8");
    assert.equal(await published.text(), "urn:uuid:1");
    const second = await hub.publish(token, { topic: "/books/7" });
    const id = await second.text();
    assert.match(id, /^\S+$/);
    await hub.publish(token, { topic: "end", data: "last" });
    const { exact, ...ending } = readers;
    for (const reader of Object.values(ending)) await until(() => dataOf(reader).includes("last"), "the end");
    await arrived(exact, 1);
    const event = { event: "sold", data: "one\ntwo", id: "urn:uuid:1" };
    assert.deepEqual(exact.events, [event]);
    assert.deepEqual(readers.spelled.events[0], event);
    assert.deepEqual(readers.pattern.events[0], event);
    assert.deepEqual(
      dataOf(readers.relative),
      ["", "last"],
      "a relative topic is read against the hub's address",
    );
    assert.equal(readers.relative.events[0]!.id, id);
    assert.deepEqual(dataOf(readers.every), ["one\ntwo", "", "last"]);
    assert.deepEqual(dataOf(readers.other), ["last"]);
  });
});

test("a private update reaches only whom a token lets read one of its topics, live and when it is replayed", async () => {
  await withHub({}, async (hub) => {
    const publisher = await sign([grant("publish", "*")]);
    const book = (id: number | string) => `https://example.com/books/${id}`;
    const mine = pattern("https://example.com/users/42/*");
    const tokens: Record<string, string | undefined> = {
      none: undefined,
      nothing: await sign([]),
      mayPublish: await sign([grant("publish", "*")]),
      all: await sign([grant("subscribe", "*")]),
      first: await sign([grant("subscribe", book(1))]),
      alternate: await sign([grant("subscribe", mine)]),
    };
    const query = `match_urlpattern=${book(":id")}&match=end`;
    const readers = Object.fromEntries(
      await Promise.all(
        Object.entries(tokens).map(async ([name, token]) => [name, await hub.subscribe(query, { token })]),
      ),
    ) as Record<string, Reader>;
    const everything = await hub.subscribe("match=*", { token: tokens["first"] });
    const stranger = await hub.subscribe("match=*");
    const named = await hub.subscribe(`match=${book(2)}&match=end`, { token: tokens["alternate"] });
    const start = await (await hub.publish(publisher, { topic: "start", data: "0" })).text();
    await hub.publish(publisher, { topic: book(1), data: "public" });
    await hub.publish(publisher, { topic: book(1), data: "of 1", private: "on" });
    await hub.publish(publisher, {
      topic: [book(2), "https://example.com/users/42/x"],
      data: "of 2",
      private: "",
    });
    await hub.publish(publisher, { topic: book(3), data: "of 3", private: "false" });
    await flush(hub, publisher, "end", ...Object.values(readers), everything, stranger, named);
    const expected: Record<string, string[]> = {
      none: ["public", "last"],
      nothing: ["public", "last"],
      mayPublish: ["public", "last"],
      all: ["public", "of 1", "of 2", "of 3", "last"],
      first: ["public", "of 1", "last"],
      alternate: ["public", "of 2", "last"],
    };
    for (const [name, data] of Object.entries(expected)) assert.deepEqual(dataOf(readers[name]!), data, name);
    assert.deepEqual(dataOf(everything), ["0", "public", "of 1", "last"]);
    assert.deepEqual(dataOf(stranger), ["0", "public", "last"]);
    assert.deepEqual(dataOf(named), ["of 2", "last"]);
    // Whoever comes back sees by the token of now, whatever it saw before.
    for (const [name, data] of Object.entries(expected)) {
      for (const lastEventId of [start, "earliest"]) {
        const back = await hub.subscribe(query, { token: tokens[name], lastEventId });
        await until(() => dataOf(back).includes("last"), `${name}: the last update`);
        assert.deepEqual(dataOf(back), data, `${name} after ${lastEventId}`);
        assert.equal(back.response.headers.get("mercure-last-event-id"), lastEventId);
        const byQuery = await hub.subscribe(`${query}&last_event_id=${lastEventId}`, { token: tokens[name] });
        await until(() => dataOf(byQuery).includes("last"), `${name}: the last update`);
        assert.deepEqual(dataOf(byQuery), data, `${name} after ${lastEventId}, by query`);
      }
    }
  });
});

test("events of the program's own broadcaster are public updates, and its streams see no private ones by their topic", async () => {
  await withHub({}, async (hub) => {
    const reader = await hub.subscribe("match=orders");
    const everything = await hub.subscribe("match=*");
    const token = await sign([grant("publish", "*")]);
    const controller = new AbortController();
    const own = hub.hub.broadcaster.subscribe(new Request("http://localhost/"), {
      topics: ["orders"],
      signal: controller.signal,
    });
    const text = own.text();
    await hub.publish(token, { topic: "orders", data: "secret", private: "on" });
    hub.hub.broadcaster.publish({ topic: "orders", data: "from code" });
    hub.hub.broadcaster.publish({ data: "to all" });
    await arrived(reader, 2);
    await arrived(everything, 2);
    assert.deepEqual(dataOf(reader), ["from code", "to all"]);
    assert.deepEqual(dataOf(everything), ["from code", "to all"]);
    controller.abort();
    assert.doesNotMatch(await text, /secret/);
  });
});

test("the JSON route takes one event or a list, and says of each what became of it", async () => {
  await withHub({}, async (hub) => {
    const token = await sign([grant("publish", pattern("/orders/:id"), "news")]);
    const reader = await hub.subscribe("match=*");
    const one = await hub.post("/publish", token, { topic: "news", data: { state: "paid" }, event: "state" });
    assert.equal(one.status, 200);
    assert.equal(typeof (await one.json()).id, "string");
    const list = await hub.post("/publish", token, [
      { topic: "/orders/7", data: 1, id: "urn:7" },
      { topic: "elsewhere", data: 2 },
      { topic: "news", dat: 3 },
      "none",
      { topic: ["news", "/orders/8"], data: 4, private: true },
      { topic: "news", data: 5 },
    ]);
    const results = await list.json();
    assert.equal(results[0].id, "urn:7");
    assert.deepEqual(results.map((result: { error?: { status: number } }) => result.error?.status), [
      undefined,
      403,
      400,
      400,
      undefined,
      undefined,
    ]);
    await arrived(reader, 3);
    assert.deepEqual(dataOf(reader), ['{"state":"paid"}', "1", "5"]);
    assert.equal((await hub.post("/publish", token, "{")).status, 400);
    assert.equal((await hub.post("/publish", token, Array(1_001).fill(0))).status, 413);
    assert.equal((await hub.get("/publish")).status, 405);
  });
});

test("what is no update or no subscription is refused with its reason, and nothing comes of it", async () => {
  await withHub({ limits: { topics: 3, topicLength: 50, matchers: 3, matcherLength: 60 } }, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    const wrong: [Record<string, string | string[]>, number, RegExp][] = [
      [{ data: "x" }, 400, /topic/],
      [{ topic: "" }, 400, /empty/],
      [{ topic: "*" }, 400, /\*/],
      [{ topic: "a\nb" }, 400, /control character/],
      [{ topic: "a\u0001b" }, 400, /control character/],
      [{ topic: "a\u200bb" }, 400, /cannot be seen/],
      [{ topic: "/.well-known/mercure/subscriptions/x" }, 400, /own address/],
      [{ topic: ["a", "https://x.example/.well-known/%6Dercure/y"] }, 400, /own address/],
      [{ topic: "x".repeat(51) }, 413, /50 characters/],
      [{ topic: ["a", "b", "c", "d"] }, 413, /3 topics/],
      [{ topic: "a", id: "#1" }, 400, /id/],
      [{ topic: "a", id: "earliest" }, 400, /id/],
      [{ topic: "a", id: "a\r\ndata: forged" }, 400, /id/],
      [{ topic: "a", id: " a" }, 400, /"id"/],
      [{ topic: "a", type: "mercure" }, 400, /mercure/],
      [{ topic: "a", type: "x\ndata: forged" }, 400, /type/],
      [{ topic: "a", type: "gap" }, 400, /"event"/],
      [{ topic: "a", retry: "-1" }, 400, /retry/],
      [{ topic: "a", retry: "1e3" }, 400, /retry/],
    ];
    const reader = await hub.subscribe("match=*");
    for (const [fields, status, reason] of wrong) {
      const response = await hub.publish(token, fields);
      assert.equal(response.status, status, JSON.stringify(fields));
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.match((await response.json()).detail, reason, JSON.stringify(fields));
    }
    const queries: [string, number][] = [
      ["", 400],
      ["topic=a", 400],
      ["match_regexp=a", 400],
      ["Match=a", 400],
      ["MATCH_exact=a", 400],
      ["matches=a", 400],
      ["match", 400],
      ["match=a%00", 400],
      ["match=a%E2%80%8B", 400],
      ["match_urlpattern=https://e.com/(a%2B)%2B", 400],
      ["match_urlpattern=https://[", 400],
      [`match=${"a".repeat(61)}`, 400],
      ["match=a&match=b&match=c&match=d", 400],
    ];
    for (const [query, status] of queries) {
      const { response } = await hub.subscribe(query);
      assert.equal(response.status, status, query);
    }
    const notForm = await hub.post("/.well-known/mercure", token, {});
    assert.equal(notForm.status, 415);
    assert.equal((await hub.get("/elsewhere")).status, 404);
    assert.equal((await hub.get("/.well-known/mercure", { method: "PUT" })).status, 405);
    await flush(hub, token, "end", reader);
    assert.deepEqual(dataOf(reader), ["last"]);
    assert.deepEqual(hub.errors, []);
  });
});

test("a hub says of itself whose tokens it takes, in a document to which each refusal leads", async () => {
  await withHub({ auth: { anonymous: false } }, async (hub) => {
    const { response } = await hub.subscribe("match=a");
    assert.equal(response.status, 401);
    const challenge = response.headers.get("www-authenticate")!;
    const address = "https://hub.example/.well-known/oauth-protected-resource/.well-known/mercure";
    assert.equal(challenge, `Bearer resource_metadata="${address}"`);
    const metadata = await (await hub.get(new URL(address).pathname)).json();
    assert.deepEqual(metadata, {
      resource: "https://hub.example/.well-known/mercure",
      authorization_details_types_supported: [DETAIL],
      bearer_methods_supported: ["header"],
      mercure_matcher_types_supported: ["exact", "urlpattern"],
      mercure_cookie: "__Secure-mercure_access_token",
    });
  });
});

test("subscriptions are told when they begin and end, and listed, to those who may know", async () => {
  await withHub({ subscriptions: true }, async (hub) => {
    const below = "/.well-known/mercure/subscriptions";
    const watcherToken = await sign([grant("subscribe", pattern(`${below}/*`), below)]);
    const watcher = await hub.subscribe(`match_urlpattern=${below}/*`, { token: watcherToken });
    const stranger = await hub.subscribe("match=*");
    const token = await sign([{ ...grant("subscribe", "a*b"), payload: { name: "Ada" } }]);
    const reader = await hub.subscribe("match=a*b", { token });
    const told = () => watcher.events.map(({ data }) => JSON.parse(data));
    await until(() => told().some(({ match }) => match === "a*b"), "the subscription's beginning");
    const event = watcher.events.find(({ data }) => JSON.parse(data).match === "a*b")!;
    assert.equal(event.event, "mercure");
    const subscription = JSON.parse(event.data);
    assert.match(
      subscription.id,
      /^\/\.well-known\/mercure\/subscriptions\/exact\/a%2Ab\/urn%3Auuid%3A[0-9a-f-]{36}$/,
    );
    assert.deepEqual({ ...subscription, id: "", subscriber: "" }, {
      ...{ id: "", type: "subscription", match_type: "exact", match: "a*b", subscriber: "", active: true },
      payload: { name: "Ada" },
    });
    const get = (path: string, by = watcherToken) =>
      hub.get(path, { headers: { authorization: `Bearer ${by}` } });
    assert.deepEqual(await (await get(subscription.id)).json(), subscription);
    const all = await get(below);
    assert.match(all.headers.get("link")!, /rel="mercure"; last-event-id="[^"]+"; type="mercure"/);
    const { id, type, subscriptions } = await all.json();
    assert.deepEqual([id, type, subscriptions.length], [below, "subscriptions", 3]);
    const some = await (await get(`${below}/exact/a%2Ab`)).json();
    assert.deepEqual(some.subscriptions, [subscription]);
    assert.equal((await get(`${below}/exact/a%2Ab/nobody`)).status, 404);
    assert.equal((await get(`${below}x`)).status, 404);
    assert.equal((await get(below, token)).status, 403);
    assert.equal((await hub.get(below)).status, 401);
    reader.close();
    await until(
      () => told().some(({ id, active }) => id === subscription.id && !active),
      "the subscription's end",
    );
    assert.equal((await get(subscription.id)).status, 404);
    assert.deepEqual(stranger.events, [], "whoever may not know is not told");
  });
});

test("streams at once and updates a second are limited, each by its name", async () => {
  const limits = { streamsPerToken: 1, streamsPerAddress: 2, streamsPerMatcher: 2, publishRate: 5 };
  await withHub(
    { limits, address: (request) => request.headers.get("x-address") ?? undefined },
    async (hub) => {
      const token = await sign([grant(["publish", "subscribe"], "*")]);
      const first = await hub.subscribe("match=a", { token });
      const second = await hub.subscribe("match=a", { token });
      assert.deepEqual([first.response.status, second.response.status], [200, 429]);
      assert.match(second.response.headers.get("retry-after")!, /^\d+$/);
      const other = await hub.subscribe("match=a", { token: await sign([], { claims: { sub: "other" } }) });
      const third = await hub.subscribe("match=a");
      assert.deepEqual([other.response.status, third.response.status], [200, 429]);
      first.close();
      await until(() => hub.hub.broadcaster.size === 1, "the first one's departure");
      assert.equal((await hub.subscribe("match=a", { token })).response.status, 200);
      const from =
        async () => (await hub.get("/.well-known/mercure?match=b", { headers: { "x-address": "1" } }));
      const streams = [await from(), await from(), await from()];
      assert.deepEqual(
        streams.map(({ status }) => status),
        [200, 200, 429].map((status, i) => i === 2 ? 429 : status),
      );
      for (const { body } of streams) await body?.cancel();
      const answers = await Promise.all(Array.from({ length: 12 }, () => hub.publish(token, { topic: "a" })));
      const refused = answers.filter(({ status }) => status === 429).length;
      assert.ok(refused >= 5 && refused <= 7, `${refused} of 12 at once were refused`);
    },
  );
});

test("whoever sends an id that is empty is told of no place, and gets what is new", async () => {
  await withHub({}, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    await hub.publish(token, { topic: "a", data: "before" });
    const readers = [
      await hub.subscribe("match=a&last_event_id="),
      await hub.subscribe("match=a&last_event_id"),
      await hub.subscribe("match=a", { lastEventId: "" }),
    ];
    const plain = await hub.subscribe("match=a");
    await flush(hub, token, "a", ...readers, plain);
    for (const reader of readers) {
      assert.equal(reader.response.headers.get("mercure-last-event-id"), "earliest");
      assert.deepEqual(dataOf(reader), ["last"]);
    }
    assert.equal(plain.response.headers.get("mercure-last-event-id"), null);
  });
});

test("a stream that is let in while another one breaks is counted as one", async () => {
  // As a runtime that ended a stream and has not told yet: the next write throws.
  let isBroken = false;
  const compression = {
    encoding: "gzip",
    begin: () => ({
      head: new Uint8Array(),
      encode(chunk: Uint8Array) {
        if (isBroken) throw new Error("this stream is over");
        return chunk;
      },
      tail: () => new Uint8Array(),
    }),
  };
  // What is published waits until the next client comes.
  const broadcaster = new Broadcaster({ compression, flushInterval: 60_000 });
  await withHub({
    broadcaster,
    limits: { streamsPerAddress: 1 },
    address: (request) => request.headers.get("x-address") ?? undefined,
  }, async ({ hub }) => {
    const subscribe = (address: string, headers = {}) =>
      hub.fetch(
        new Request("https://hub.example/.well-known/mercure?match=a", {
          headers: { "x-address": address, ...headers },
        }),
      );
    const first = (await subscribe("one", { "accept-encoding": "gzip" })).body!.getReader();
    // One that has taken all is written to at once.
    await first.read();
    isBroken = true;
    broadcaster.publish({ topic: "a", data: "1" });
    const second = await subscribe("two");
    assert.deepEqual([second.status, broadcaster.size], [200, 1]);
    const again = await subscribe("one");
    assert.equal(again.status, 200, "the place of the one that broke is free");
    assert.equal((await subscribe("two")).status, 429, "the other one's is taken");
    await second.body!.cancel();
    const next = await subscribe("two");
    assert.equal(next.status, 200);
    for (const { body } of [again, next]) await body!.cancel();
  });
});
