/** Tests what a hub tells its operator: why it refused, what was published, and its figures; and that no token is in it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster } from "../../lib/broadcaster/broadcaster.ts";
import { createHub, type PublishedInfo, type RefusedInfo } from "../../lib/hub/mod.ts";
import { grant, SECRET, sign, URL_OF_HUB, withHub } from "../support/hub.ts";
import { errorsPrinted, until } from "../support/wait.ts";

test("the operator is told why a token was refused, and the client is not; nothing of the token is in it", async () => {
  const told: RefusedInfo[] = [];
  const auth = { anonymous: false, query: "access_token" };
  await withHub({ auth, onRefused: (info) => told.push(info) }, async ({ publish, get }) => {
    const all = [grant("publish", "*")];
    const now = Math.floor(Date.now() / 1_000);
    const tokens: [string, RegExp][] = [
      [await sign(all, { claims: { exp: now - 60 } }), /expired/],
      [
        await sign(all, { key: new TextEncoder().encode("another secret of at least 32 bytes") }),
        /signature/,
      ],
      [await sign(all, { claims: { aud: "https://other.example/" } }), /^its aud is/],
      [await sign(all, { header: { typ: "JWT" } }), /^its typ is/],
      [await sign(all, { header: { alg: "HS512" } }), /algorithm/],
      [await sign(all, { claims: { iss: "https://secret-issuer.example" } }), /issuer is not known/],
      [await sign([grant([], "a")]), /actions is no list/],
      ["x.y.z", /no JWT/],
      ["a".repeat(9_000), /tokenLength/],
    ];
    for (const [token, why] of tokens) {
      const response = await publish(token, { topic: "a" });
      const { reason, status, why: said } = told.at(-1)!;
      assert.deepEqual([response.status, status, reason], [401, 401, "token-refused"]);
      assert.match(said!, why);
      assert.doesNotMatch(await response.text(), why);
    }
    const [expired] = tokens[0]!;
    const path = new URL(URL_OF_HUB).pathname;
    await get(`${path}?match=a&access_token=${expired}`);
    await get(`${path}?match=a`, { headers: { cookie: `__Secure-mercure_access_token=${expired}` } });
    assert.equal(told.length, tokens.length + 2);
    const text = JSON.stringify(told);
    assert.ok(!text.includes("secret-issuer"));
    for (const [token] of tokens) {
      for (const part of token.split(".")) assert.ok(part.length < 3 || !text.includes(part), part);
    }
  });
});

test("each refusal has a reason to count by, and the figures count them", async () => {
  const told: RefusedInfo[] = [];
  await withHub(
    { limits: { publishRate: 1, bodyBytes: 500 }, onRefused: (info) => told.push(info) },
    async ({ hub, publish, post, get, subscribe }) => {
      const token = await sign([grant("publish", "a")]);
      for (
        const response of [
          await publish(undefined, { topic: "a" }),
          await publish(token, { topic: "b" }),
          await publish(token, { topic: "a", data: "x".repeat(600) }),
          await post("/publish", token, [{ topic: "a" }, { topic: "a" }, { topic: "b" }, 1]),
          await get("/elsewhere"),
          await get("/publish"),
        ]
      ) await response.text();
      assert.deepEqual(told.map(({ reason }) => reason), [
        "token-missing",
        "not-granted",
        "too-large",
        ...["too-many", "not-granted", "malformed"],
        "not-found",
        "wrong-method",
      ]);
      const reader = await subscribe("match=a&match=b");
      assert.deepEqual(hub.stats(), {
        published: 1,
        streams: 1,
        subscriptions: 2,
        refused: {
          "token-missing": 1,
          "not-granted": 2,
          "too-large": 1,
          "too-many": 1,
          malformed: 1,
          "not-found": 1,
          "wrong-method": 1,
        },
      });
      reader.close();
      await until(() => hub.stats().subscriptions === 0, "the end of the subscriptions");
      assert.equal(hub.stats().streams, 0);
    },
  );
});

test("each update that was published is told, and a hook that throws harms nobody", async () => {
  const told: PublishedInfo[] = [];
  const onPublished = (info: PublishedInfo) => {
    told.push(info);
    throw new Error("of the hook");
  };
  const onRefused = () => {
    throw new Error("of the other hook");
  };
  const printed = await errorsPrinted(() =>
    withHub({ onPublished, onRefused }, async ({ publish }) => {
      const token = await sign([grant("publish", "*")]);
      assert.equal((await publish(token, { topic: ["a", "b"], private: "on" })).status, 200);
      assert.equal((await publish(undefined, { topic: "a" })).status, 401);
    })
  );
  assert.equal(printed.length, 2);
  const [{ milliseconds, ...info }] = told as [PublishedInfo];
  assert.deepEqual(info, { topics: ["a", "b"], isPrivate: true });
  assert.ok(milliseconds >= 0 && milliseconds < 15_000);
});

test("onClose is told of each stream that ended; a broadcaster that is given has its own", async () => {
  const told: [string, string][] = [];
  const onClose = ({ reason }: { reason: string }, { url }: Request) => void told.push([reason, url]);
  await withHub({ onClose }, async ({ hub, subscribe }) => {
    const reader = await subscribe("match=a");
    assert.equal(told.length, 0);
    await hub.close();
    await until(() => reader.ended, "the end of the stream");
    assert.deepEqual(told.map(([reason, url]) => [reason, new URL(url).search]), [["end", "?match=a"]]);
  });
  const options = { url: URL_OF_HUB, auth: { issuers: [] }, broadcaster: new Broadcaster(), onClose };
  options.auth.issuers.push({ issuer: "a", algorithms: ["HS256"], secret: SECRET } as never);
  assert.throws(
    () => createHub(options),
    /"onClose" and "broadcaster" exclude each other: give the broadcaster its own, onClose/,
  );
});
