/** Tests the exchange of issuers while a hub runs: what they signed is refused at once, and its streams end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { grant, ISSUER, pattern, SECRET, sign, withHub } from "../support/hub.ts";
import { until } from "../support/wait.ts";
import type { RefusedInfo, TokenIssuer } from "../../lib/hub/mod.ts";

const OTHER = "https://other.example";
const NEW_SECRET = "another secret, of at least 32 bytes";
const issuer = (issuer: string, secret: string): TokenIssuer => ({ issuer, algorithms: ["HS256"], secret });
const key = (secret: string) => new TextEncoder().encode(secret);
const all = [grant(["publish", "subscribe"], "*")];

test("what a key that is gone has signed is refused, its streams end, and all others stay", async () => {
  const issuers = [issuer(ISSUER, SECRET), issuer(OTHER, SECRET)];
  await withHub({ auth: { issuers } }, async ({ hub, publish, subscribe, errors }) => {
    const old = await sign(all);
    const renewed = await sign(all, { key: key(NEW_SECRET) });
    const other = await sign(all, { claims: { iss: OTHER } });
    const statuses = async () => {
      const responses = [old, renewed, other].map(async (token) => {
        const response = await publish(token, { topic: "a" });
        await response.text();
        return response.status;
      });
      return await Promise.all(responses);
    };
    assert.deepEqual(await statuses(), [200, 401, 200]);
    const ofOld = [await subscribe("match=a", { token: old }), await subscribe("match=b", { token: old })];
    const ofOther = await subscribe("match=end", { token: other });
    const anonymous = await subscribe("match=end");
    // The same once more changes nothing, whatever objects say it.
    assert.equal(hub.setIssuers(structuredClone(issuers)), 0);
    assert.deepEqual(await statuses(), [200, 401, 200]);

    assert.equal(hub.setIssuers([issuer(ISSUER, NEW_SECRET), issuers[1]!]), 2);
    assert.deepEqual(
      await statuses(),
      [401, 200, 200],
      "at once, though the token was accepted a moment ago",
    );
    for (const reader of ofOld) await until(() => reader.ended, "the end of the old key's streams");
    const ofNew = await subscribe("match=end", { token: renewed });

    assert.equal(hub.setIssuers([issuer(ISSUER, NEW_SECRET)]), 1, "the other issuer's stream");
    assert.deepEqual(await statuses(), [401, 200, 401]);
    await until(() => ofOther.ended, "the end of the other issuer's stream");
    await publish(renewed, { topic: "end", data: "last" });
    for (const reader of [ofNew, anonymous]) {
      await until(() => reader.events.length === 1, "an update after all that");
      assert.ok(!reader.ended);
    }
    assert.deepEqual(errors, []);
    assert.equal(hub.broadcaster.size, 2);
  });
});

test("an issuer changes its key without a moment in which a token of either is refused", async () => {
  const refused: (string | undefined)[] = [];
  const options = {
    auth: { issuers: [issuer(ISSUER, SECRET)] },
    onRefused: ({ why }: RefusedInfo) => void refused.push(why),
  };
  await withHub(options, async ({ hub, publish, subscribe }) => {
    const old = await sign(all);
    const renewed = await sign(all, { key: key(NEW_SECRET) });
    const status = async (token: string) => {
      const response = await publish(token, { topic: "a" });
      await response.text();
      return response.status;
    };
    const ofOld = await subscribe("match=a", { token: old });
    assert.equal(await status(renewed), 401);
    assert.equal(hub.setIssuers([issuer(ISSUER, NEW_SECRET), issuer(ISSUER, SECRET)]), 0);
    const ofNew = await subscribe("match=a", { token: renewed });
    assert.deepEqual([await status(old), await status(renewed)], [200, 200]);
    // What is wrong is told of the key that fits, wherever it stands.
    for (const secret of [SECRET, NEW_SECRET]) {
      assert.equal(await status(await sign(all, { key: key(secret), claims: { aud: "another" } })), 401);
    }
    assert.equal(await status(await sign(all, { key: key("a third secret, of at least 32 bytes") })), 401);
    assert.equal(hub.setIssuers([issuer(ISSUER, NEW_SECRET)]), 1, "the stream of the old key");
    await until(() => ofOld.ended, "the end of the old key's stream");
    assert.deepEqual([await status(old), await status(renewed)], [401, 200]);
    await until(() => ofNew.events.length === 3, "all updates");
    assert.ok(!ofNew.ended);
  });
  const byOther = "its signature is not by the key of its issuer";
  const wrongAudience = "its aud is missing, or not as it must be";
  assert.deepEqual(refused, [byOther, wrongAudience, wrongAudience, byOther, byOther]);
});

test("issuers that are of no use change nothing, and the error shows no secret", async () => {
  await withHub({}, async ({ hub, publish, subscribe }) => {
    const token = await sign(all);
    const reader = await subscribe("match=a", { token });
    const wrong: [TokenIssuer[], RegExp][] = [
      [[], /at least one/],
      [[issuer(ISSUER, "a short secret")], /auth\.issuers\[0\]\.secret.*32 bytes/],
      [[issuer(OTHER, NEW_SECRET), issuer(OTHER, NEW_SECRET)], /each key of an issuer once/],
      [
        [issuer(OTHER, NEW_SECRET), { ...issuer(OTHER, SECRET), secret: key(NEW_SECRET) }],
        /each key of an issuer once/,
      ],
    ];
    for (const [issuers, message] of wrong) {
      assert.throws(() => hub.setIssuers(issuers), (error: Error) => {
        assert.match(error.message, message);
        return error instanceof TypeError && !/short secret|another secret/.test(error.message);
      });
    }
    assert.equal((await publish(token, { topic: "a" })).status, 200);
    await until(() => reader.events.length === 1, "the update");
  });
});

test("a request whose key goes while its body is still on the way is refused", async () => {
  const refused: RefusedInfo[] = [];
  await withHub({ onRefused: (info) => refused.push(info) }, async ({ hub }) => {
    const token = await sign(all);
    let body!: ReadableStreamDefaultController<Uint8Array>;
    const answer = hub.fetch(
      new Request("https://hub.example/.well-known/mercure", {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/x-www-form-urlencoded" },
        body: new ReadableStream({ start: (controller) => void (body = controller) }),
        duplex: "half",
      } as RequestInit),
    );
    const warm = await hub.fetch(
      new Request("https://hub.example/.well-known/mercure", {
        method: "POST",
        headers: { authorization: `Bearer ${token}` },
        body: new URLSearchParams({ topic: "a" }),
      }),
    );
    assert.equal(warm.status, 200, "the token was checked by now");
    hub.setIssuers([issuer(ISSUER, NEW_SECRET)]);
    body.enqueue(new TextEncoder().encode("topic=a"));
    body.close();
    assert.equal((await answer).status, 401);
    assert.match(refused[0]!.why!, /were exchanged|signature/);
  });
});

test("a stream that ends by itself is forgotten, however many there were", async () => {
  await withHub({}, async ({ hub, subscribe }) => {
    const token = await sign([grant("subscribe", pattern("/x/:id"))]);
    for (let n = 0; n < 5; n++) (await subscribe("match=a", { token })).close();
    await until(() => hub.broadcaster.size === 0, "the end of the streams");
    assert.equal(hub.setIssuers([issuer(ISSUER, NEW_SECRET)]), 0);
  });
});
