/** Tests what clients of the older Mercure protocol send and get, as Symfony, API Platform and Laravel put it on the wire. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exportSPKI, generateKeyPair } from "jose";
import { createHub, type HubOptions } from "../../lib/hub/mod.ts";
import {
  dataOf,
  grant,
  ISSUER,
  type Reader,
  SECRET,
  sign,
  signClaims,
  type TestHub,
  URL_OF_HUB,
  withHub,
} from "../support/hub.ts";
import { until } from "../support/wait.ts";

const PATH = "/.well-known/mercure";
const compatibility = "mercure-0";
const auth = { anonymous: false };
const now = () => Math.floor(Date.now() / 1_000);

/** A token as those clients make it: nothing but the claim, and perhaps an end. */
const old = (
  mercure: unknown,
  more: Record<string, unknown> = {},
  options: Parameters<typeof signClaims>[1] = {},
) => signClaims({ mercure, ...more }, { ...options, header: { typ: "JWT", ...options.header } });

const arrived = (reader: Reader, ...data: string[]) =>
  until(() => data.every((each) => dataOf(reader).includes(each)), `${data}, and it has ${dataOf(reader)}`);

/** Posts a body as text, to see the bytes of a client. */
const post = (hub: TestHub, token: string, body: string) =>
  hub.get(PATH, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/x-www-form-urlencoded" },
    body,
  });

const status = async (hub: TestHub, query: string, headers: Record<string, string> = {}) => {
  const response = await hub.get(`${PATH}?${query}`, { headers });
  await response.body?.cancel();
  return response.status;
};

test("without the option, nothing of the older protocol is taken", async () => {
  await withHub({}, async (hub) => {
    const token = await old({ publish: ["*"], subscribe: ["*"] }, {
      iss: ISSUER,
      aud: URL_OF_HUB,
      exp: now() + 60,
    });
    assert.equal((await post(hub, token, "topic=a")).status, 401);
    const refused = await hub.get(`${PATH}?topic=a`);
    assert.equal(refused.status, 400);
    assert.match((await refused.json()).detail, /topic is of the older protocol.*"mercure-0"/);
    await withHub({ auth }, async (closed) => {
      assert.equal(await status(closed, `match=a&authorization=${token}`), 401);
      assert.equal(
        await status(closed, "match=a", { cookie: `mercureAuthorization=${await sign([])}` }),
        401,
      );
    });
    const reader = await hub.subscribe("match=a&lastEventID=earliest");
    assert.equal(reader.response.headers.get("mercure-last-event-id"), null);
    assert.equal(reader.response.headers.get("last-event-id"), null);
  });
  const wrong = {
    url: URL_OF_HUB,
    auth: { issuers: [] },
    compatibility: "mercure-7",
  } as unknown as HubOptions;
  assert.throws(() => createHub(wrong), /"compatibility" must be "mercure-0", received "mercure-7"/);
});

test("Symfony: a controller publishes, and a page reads what is private by the cookie that it was given", async () => {
  await withHub({ compatibility, auth }, async (hub) => {
    const publisher = await old({ publish: ["*"] });
    const cookie = async (subscribe: string[]) =>
      `mercureAuthorization=${await old({ publish: [], subscribe }, { exp: now() + 3_600 })}`;
    const page = await hub.subscribe("topic=https%3A%2F%2Fexample.com%2Fbooks%2F1", {
      headers: { cookie: `PHPSESSID=1; ${await cookie(["https://example.com/books/1"])}` },
    });
    const other = await hub.subscribe("topic=https%3A%2F%2Fexample.com%2Fbooks%2F%7Bid%7D", {
      headers: { cookie: await cookie(["https://example.com/books/2"]) },
    });
    assert.deepEqual([page.response.status, other.response.status], [200, 200]);
    const answer = await post(
      hub,
      publisher,
      "topic=https%3A%2F%2Fexample.com%2Fbooks%2F1&data=%7B%22status%22%3A%22OutOfStock%22%7D&private=on",
    );
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-type")!, /^text\/plain/);
    const id = await answer.text();
    await post(hub, publisher, "topic=https%3A%2F%2Fexample.com%2Fbooks%2F2&data=two&private=on");
    await post(
      hub,
      publisher,
      "topic=https%3A%2F%2Fexample.com%2Fbooks%2F1&data=last&id=urn%3Auuid%3A1&type=sold&retry=5",
    );
    await arrived(page, "last");
    await arrived(other, "last");
    assert.deepEqual(page.events, [
      { event: "message", data: '{"status":"OutOfStock"}', id },
      { event: "sold", data: "last", id: "urn:uuid:1" },
    ]);
    assert.deepEqual(dataOf(other), ["two", "last"]);
    // A page of another origin must not publish by that cookie.
    const forged = await hub.get(PATH, {
      method: "POST",
      headers: {
        cookie: `mercureAuthorization=${publisher}`,
        origin: "https://evil.example",
        "content-type": "application/x-www-form-urlencoded",
      },
      body: "topic=a",
    });
    assert.equal(forged.status, 403);
    assert.equal(
      (await post(hub, await old({ publish: ["https://example.com/{a}"] }), "topic=b")).status,
      403,
    );
    assert.equal((await post(hub, await old({ subscribe: ["*"] }), "topic=b")).status, 403);
  });
});

test("API Platform: a page discovers a resource's topic, a list is a template, and the admin sends its token in the query", async () => {
  await withHub({ compatibility, auth: { anonymous: true } }, async (hub) => {
    const publisher = await old({ publish: ["https://example.com/{+all}"], subscribe: ["*"], payload: {} });
    const query = (...topics: string[]) =>
      new URLSearchParams(topics.map((topic) => ["topic", topic])).toString();
    const item = await hub.subscribe(query("https://example.com/books/1"));
    const list = await hub.subscribe(query("https://example.com/books/{id}"));
    const graph = await hub.subscribe(query("https://example.com/subscriptions/8193d0c1"));
    const every = await hub.subscribe(query("*"));
    const some = await hub.subscribe(
      query("https://example.com/books/2", "https://example.com/authors{/id}"),
    );
    const mine = await old({ subscribe: ["https://example.com/users/foo/{?topic}"] });
    const admin = await hub.subscribe(`${query("https://example.com/books/{id}")}&authorization=${mine}`);
    const publish = (fields: Record<string, string | string[]>) => hub.publish(publisher, fields);
    await publish({ topic: "https://example.com/books/1", data: "1" });
    await publish({ topic: "https://example.com/books/1/reviews", data: "deeper" });
    await publish({ topic: "https://example.com/books/2", data: "2" });
    await publish({ topic: "https://example.com/authors/7", data: "author" });
    await publish({ topic: "https://example.com/subscriptions/8193d0c1", data: "graph" });
    await publish({
      topic: [
        "https://example.com/books/3",
        "https://example.com/users/foo/?topic=https%3A%2F%2Fexample.com%2Fbooks%2F3",
      ],
      data: "for foo",
      private: "on",
    });
    await publish({ topic: "https://example.com/books/4", data: "for nobody", private: "on" });
    assert.equal((await publish({ topic: "elsewhere" })).status, 403);
    const ends = ["books/1", "books/2", "subscriptions/8193d0c1"].map((path) =>
      `https://example.com/${path}`
    );
    await publish({ topic: ends, data: "end" });
    for (const reader of [item, list, graph, every, some, admin]) await arrived(reader, "end");
    assert.deepEqual(dataOf(item), ["1", "end"]);
    assert.deepEqual(dataOf(list), ["1", "2", "end"]);
    assert.deepEqual(dataOf(graph), ["graph", "end"]);
    assert.deepEqual(dataOf(every), ["1", "deeper", "2", "author", "graph", "end"]);
    assert.deepEqual(dataOf(some), ["2", "author", "end"]);
    assert.deepEqual(dataOf(admin), ["1", "2", "for foo", "end"]);
  });
});

test("Laravel: an event on several channels, one of them private, reaches each user once", async () => {
  await withHub({ compatibility, auth }, async (hub) => {
    const publisher = await old({ publish: ["*"] });
    const user = await old({ subscribe: ["http://example/user/{id}/direct-messages"] });
    const reader = await hub.subscribe("topic=http%3A%2F%2Fexample%2Fuser%2F1%2Fdirect-messages&topic=news", {
      headers: { cookie: `mercureAuthorization=${user}` },
    });
    await post(
      hub,
      publisher,
      "topic=http%3A%2F%2Fexample%2Fuser%2F1%2Fdirect-messages&topic=news&data=%7B%22event%22%3A%22App%5C%5CMessage%22%7D&private=on",
    );
    await post(hub, publisher, "topic=news&data=hidden&private=on");
    await post(hub, publisher, "topic=news&data=end");
    await arrived(reader, "end");
    assert.deepEqual(dataOf(reader), ['{"event":"App\\\\Message"}', "end"]);
  });
});

test("the place to go on comes by each of the older names, and is told by the older header", async () => {
  const cors = { origins: ["https://page.example"] };
  await withHub({ compatibility, auth: { anonymous: true }, cors }, async (hub) => {
    const publisher = await old({ publish: ["*"] });
    for (const id of ["urn:1", "urn:2", "urn:3"]) await hub.publish(publisher, { topic: "a", id, data: id });
    const after = async (query: string, lastEventId?: string) => {
      const reader = await hub.subscribe(`topic=a&${query}`, {
        ...(lastEventId === undefined ? {} : { lastEventId }),
      });
      await arrived(reader, "urn:3");
      return [reader.response.headers.get("last-event-id"), dataOf(reader).length];
    };
    assert.deepEqual(await after("lastEventID=urn:1"), ["urn:1", 2]);
    assert.deepEqual(await after("Last-Event-ID=urn:2"), ["urn:2", 1]);
    assert.deepEqual(await after("last_event_id=urn:1"), ["urn:1", 2]);
    assert.deepEqual(await after("lastEventID=earliest"), ["earliest", 3]);
    assert.deepEqual(await after("lastEventID=earliest", "urn:2"), ["urn:2", 1]);
    const response = await hub.get(`${PATH}?topic=a`, { headers: { origin: "https://page.example" } });
    assert.match(response.headers.get("access-control-expose-headers")!, /, Last-Event-ID/);
    await response.body?.cancel();
  });
});

test("subscriptions are told and listed at their older addresses, in their older form", async () => {
  await withHub({ compatibility, auth, subscriptions: true }, async (hub) => {
    const below = `${PATH}/subscriptions`;
    const watching = await old({ subscribe: [`${below}{/topic}{/subscriber}`] });
    const watcher = await hub.subscribe(`topic=${encodeURIComponent(`${below}{/topic}{/subscriber}`)}`, {
      token: watching,
    });
    const bystander = await hub.subscribe("topic=*", { token: await old({ subscribe: ["a"] }) });
    const token = await old({ subscribe: [], payload: { name: "Ada" } });
    const reader = await hub.subscribe("topic=https%3A%2F%2Fexample.com%2F%7Bselector%7D", { token });
    const told = () => watcher.events.map(({ data }) => JSON.parse(data));
    const topic = "https://example.com/{selector}";
    await until(() => told().some((each) => each.topic === topic), "the subscription's beginning");
    const event = watcher.events.find(({ data }) => JSON.parse(data).topic === topic)!;
    assert.equal(event.event, "message", "those clients listen to nothing else");
    const { id, subscriber, ...rest } = JSON.parse(event.data);
    assert.match(
      id,
      /\/subscriptions\/https%3A%2F%2Fexample\.com%2F%7Bselector%7D\/urn%3Auuid%3A[0-9a-f-]{36}$/,
    );
    assert.match(subscriber, /^urn:uuid:/);
    assert.deepEqual(rest, {
      "@context": "https://mercure.rocks/",
      type: "Subscription",
      topic,
      active: true,
      payload: { name: "Ada" },
    });
    const get = (path: string, by = watching) =>
      hub.get(path, { headers: { authorization: `Bearer ${by}` } });
    const all = await get(below);
    assert.equal(all.headers.get("content-type"), "application/ld+json");
    assert.match(all.headers.get("link")!, /rel="mercure"/);
    const { lastEventID, subscriptions, ...collection } = await all.json();
    assert.equal(typeof lastEventID, "string");
    assert.deepEqual(collection, { "@context": "https://mercure.rocks/", id: below, type: "Subscriptions" });
    assert.equal(subscriptions.length, 3);
    const { "@context": _, ...inner } = JSON.parse(event.data);
    const escaped = encodeURIComponent(topic);
    assert.deepEqual((await (await get(`${below}/${escaped}`)).json()).subscriptions, [inner]);
    const single = await (await get(id)).json();
    assert.deepEqual(single, { ...JSON.parse(event.data), lastEventID: single.lastEventID });
    assert.equal((await get(`${below}/${escaped}/nobody`)).status, 404);
    assert.equal((await get(below, token)).status, 403);
    // A client of the revised protocol has its own form, for its own subscriptions.
    const modern = await sign([grant("subscribe", below, { match: `${below}/*`, match_type: "urlpattern" })]);
    const both = await hub.subscribe(`match_urlpattern=${below}/*`, { token: modern });
    const list = await (await get(below, modern)).json();
    assert.equal(list.type, "subscriptions");
    assert.deepEqual(list.subscriptions.map(({ match }: { match: string }) => match), [`${below}/*`]);
    reader.close();
    await until(() => told().some((each) => each.id === id && !each.active), "the subscription's end");
    await until(
      () => both.events.some(({ data }) => JSON.parse(data).id === id),
      "the same for the other client",
    );
    assert.deepEqual(bystander.events, []);
  });
});

test("a token without the newer claims is taken only by a key that is configured, and whatever it does say is heeded", async () => {
  const rsa = await generateKeyPair("RS256", { extractable: true });
  const issuers: HubOptions["auth"]["issuers"] = [
    { issuer: ISSUER, algorithms: ["HS256"], secret: SECRET, actions: ["publish"] },
    {
      issuer: "readers",
      algorithms: ["RS256"],
      publicKey: await exportSPKI(rsa.publicKey),
      actions: ["subscribe"],
    },
  ];
  await withHub({ compatibility, auth: { issuers, anonymous: false } }, async (hub) => {
    const all = { publish: ["*"], subscribe: ["*"] };
    const by = { key: rsa.privateKey, header: { alg: "RS256" } };
    // As with the keys of publishers and subscribers of those hubs: each grants what its key may.
    assert.equal((await post(hub, await old(all), "topic=a")).status, 200);
    assert.equal((await post(hub, await old(all, {}, by), "topic=a")).status, 403);
    assert.equal(await status(hub, "topic=a", { authorization: `Bearer ${await old(all, {}, by)}` }), 200);
    const good: [string, string][] = [
      ["its own issuer", await old(all, { iss: ISSUER })],
      ["this hub", await old(all, { aud: [URL_OF_HUB, "other"] })],
      ["no type", await old(all, {}, { header: { typ: undefined } })],
      [
        "a claim by its long name",
        await signClaims({ "https://mercure.rocks/": all }, { header: { typ: "JWT" } }),
      ],
      ["a template that is none", await old({ publish: ["{", "a"] })],
      ["an empty payload", await old({ publish: ["*"], payload: null })],
    ];
    for (const [what, token] of good) assert.equal((await post(hub, token, "topic=a")).status, 200, what);
    const head = (await old(all)).split(".")[0]!;
    const body = Buffer.from(JSON.stringify({ mercure: all })).toString("base64url");
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
    const wrong: [string, string][] = [
      ["another secret", await old(all, {}, { key: new TextEncoder().encode("x".repeat(32)) })],
      ["no signature", `${head}.${body}.`],
      ["no algorithm", `${none}.${body}.`],
      ["an algorithm that is not allowed", await old(all, {}, { header: { alg: "HS512" } })],
      [
        "the public key as a secret",
        await old(all, {}, {
          key: new TextEncoder().encode(await exportSPKI(rsa.publicKey)),
        }),
      ],
      ["another issuer's name", await old(all, { iss: "readers" })],
      ["an issuer that is not known", await old(all, { iss: "https://evil.example" })],
      ["another hub", await old(all, { aud: "https://other.example" })],
      ["an end that is past", await old(all, { exp: now() - 1 })],
      ["a beginning to come", await old(all, { nbf: now() + 60 })],
      [
        "an ID token",
        await signClaims({ iss: ISSUER, aud: URL_OF_HUB, exp: now() + 60 }, { header: { typ: "JWT" } }),
      ],
      ["another type", await old(all, {}, { header: { typ: "dpop+jwt" } })],
      [
        "an access token, whose claims are the newer ones",
        await signClaims({ mercure: all }, { header: { typ: "at+jwt" } }),
      ],
      ["a claim that is text", await old("*")],
      ["a claim that is a list", await old(["*"])],
      ["topics that are text", await old({ publish: "*" })],
      ["a topic that is no text", await old({ publish: ["*", 1] })],
      ["a topic that is empty", await old({ publish: ["*", ""] })],
      ["a topic with what cannot be seen", await old({ publish: ["*", "a\u0001"] })],
      ["a template of too many variables", await old({ publish: ["*", "{a}".repeat(17)] })],
      ["too many topics", await old({ publish: Array(101).fill("*") })],
    ];
    for (const [what, token] of wrong) {
      const response = await post(hub, token, "topic=a");
      assert.equal(response.status, 401, what);
      assert.match(response.headers.get("www-authenticate")!, /error="invalid_token"/, what);
    }
    // What the newer claims grant an older token, and the other way round, is nothing.
    const mixed = await old({}, { authorization_details: [grant("publish", "*")] });
    assert.equal((await post(hub, mixed, "topic=a")).status, 403);
    assert.equal((await post(hub, await sign([], { claims: { mercure: all } }), "topic=a")).status, 403);
    assert.equal((await post(hub, await sign([grant("publish", "*")]), "topic=a")).status, 200);
    assert.deepEqual(hub.errors, []);
  });
});

test("of several tokens the header's counts, then the query's, then a cookie's", async () => {
  await withHub({ compatibility, auth }, async (hub) => {
    const good = await old({ subscribe: [] });
    const query = `topic=a&authorization=${good}`;
    assert.equal(await status(hub, query), 200);
    assert.equal(await status(hub, query, { cookie: "mercureAuthorization=x.y.z" }), 200);
    assert.equal(await status(hub, query, { authorization: "Bearer x.y.z" }), 401);
    const named = `__Secure-mercure_access_token=${good}`;
    assert.equal(await status(hub, "topic=a", { cookie: `mercureAuthorization=x.y.z; ${named}` }), 200);
    assert.equal(await status(hub, "topic=a"), 401);
  });
  await withHub({ compatibility, auth: { ...auth, cookie: false } }, async (hub) => {
    const cookie = `mercureAuthorization=${await old({ subscribe: [] })}`;
    assert.equal(await status(hub, "topic=a", { cookie }), 401, "no cookie is wanted");
  });
});

test("a stream ends with an older token that has an end", async () => {
  await withHub({ compatibility, auth }, async (hub) => {
    const ending = await hub.subscribe("topic=a", {
      token: await old({ subscribe: [] }, { exp: now() + 2 }),
    });
    const endless = await hub.subscribe("topic=a", { token: await old({ subscribe: [] }) });
    await until(() => ending.ended, "its end");
    assert.equal(endless.ended, false);
  });
});

test("templates of strangers are limited as patterns are, and match topics as they were written", async () => {
  const limits = { patternsPerPrefix: 2, matchers: 3, matcherLength: 60 };
  await withHub({ compatibility, auth: { anonymous: true }, limits }, async (hub) => {
    const publisher = await old({ publish: ["*"] });
    assert.equal((await hub.subscribe("topic=x{a}&topic=x{b}")).response.status, 200);
    assert.equal((await hub.subscribe("topic=x{c}")).response.status, 429);
    assert.equal((await hub.subscribe("topic=x{a}")).response.status, 200, "the same one is no more work");
    assert.equal((await hub.subscribe("topic=a&topic=b&match=c&topic=d")).response.status, 400);
    assert.equal((await hub.subscribe(`topic=${"a".repeat(61)}`)).response.status, 400);
    assert.equal((await hub.subscribe("topic=")).response.status, 400);
    assert.equal((await hub.subscribe(`topic=${"{a}".repeat(17)}`)).response.status, 400);
    // Matching is of text: nothing is resolved, and no host is made lower case.
    const reader = await hub.subscribe("topic=HTTPS://Example.com/{a}&topic=relative/{a}&topic={");
    const both = await hub.subscribe(
      "topic=relative/{a}&match=relative/1&match_urlpattern=/.well-known/relative/:a",
    );
    for (
      const topic of [
        "https://example.com/1",
        "HTTPS://Example.com/1",
        "relative/1",
        "/.well-known/relative/1",
        "{",
      ]
    ) {
      await hub.publish(publisher, { topic, data: topic });
    }
    await arrived(reader, "{");
    assert.deepEqual(dataOf(reader), ["HTTPS://Example.com/1", "relative/1", "{"]);
    await arrived(both, "/.well-known/relative/1");
    assert.deepEqual(dataOf(both), ["relative/1", "/.well-known/relative/1"]);
  });
});

test("a template grants no way out by dots, which the patterns of other clients would follow", async () => {
  await withHub({ compatibility, auth: { anonymous: true } }, async (hub) => {
    const team = await old({
      publish: ["https://example.com/a/{x}/{y}", "https://example.com/b{/path*}", "c/{+rest}"],
    });
    const reader = await hub.subscribe("match_urlpattern=https://example.com/secret/*&match=end");
    const out = [
      "https://example.com/a/../secret",
      "https://example.com/a/x/..",
      "https://example.com/b/../secret/1",
      "https://example.com/b/%2e%2E/secret/1",
      "https://example.com/b/.%2e/secret/1",
      "https://example.com/b/./1",
      "c/../../secret/1",
      "c/..",
    ];
    for (const topic of out) assert.equal((await hub.publish(team, { topic })).status, 403, topic);
    for (const topic of ["https://example.com/a/x/y..", "https://example.com/b/a.b/...", "c/d?a=.."]) {
      assert.equal((await hub.publish(team, { topic, data: topic })).status, 200, topic);
    }
    await hub.publish(await old({ publish: ["*"] }), { topic: "end", data: "end" });
    await arrived(reader, "end");
    assert.deepEqual(dataOf(reader), ["end"]);
  });
});
