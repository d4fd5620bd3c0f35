/** Tests how many streams a hub has at most, how long each lasts, and what the protocol bounds besides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster } from "../../mod.ts";
import { createHub } from "../../lib/hub/mod.ts";
import { grant, ISSUER, SECRET, sign, URL_OF_HUB, withHub } from "../support/hub.ts";
import { until } from "../support/wait.ts";

test("there are so many streams and no more, and each ends after some time", async () => {
  await withHub({ limits: { streams: 1, streamLifetime: 1_500 } }, async (hub) => {
    const token = await sign([]);
    const first = await hub.subscribe("match=a", { token });
    assert.equal(hub.hub.broadcaster.size, 1);
    const second = await hub.subscribe("match=a", { token });
    await until(() => second.ended, "a stream for which there was no room");
    assert.equal(hub.hub.broadcaster.size, 1, "the first one stays");
    await until(() => first.ended, "the end of a token's stream before the token's");
    await until(() => hub.hub.broadcaster.size === 0, "its departure");
    assert.equal((await hub.subscribe("match=a")).response.status, 200, "there is room again");
  });
});

test("where a broadcaster is given, its own limits count", async () => {
  const issuers = [{ issuer: ISSUER, algorithms: ["HS256" as const], secret: SECRET }];
  const broadcaster = new Broadcaster();
  for (const limits of [{ streams: 5 }, { streamLifetime: 5 }]) {
    assert.throws(
      () => createHub({ url: URL_OF_HUB, auth: { issuers }, broadcaster, limits }),
      /"limits\.(streams|streamLifetime)" .* "broadcaster".*limits: \{ (clients|lifetime) \}/,
    );
  }
  const own = { url: URL_OF_HUB, auth: { issuers }, limits: { streamLifetime: 0 } };
  assert.throws(() => createHub(own), /"limits.streamLifetime" must be/);
  await broadcaster.close();
});

test("what is no Unicode text is no topic, id or type, and a retry that is too long is too large", async () => {
  await withHub({}, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    for (const field of ["topic", "id", "event"]) {
      const response = await hub.post("/publish", token, `{"topic":"a","${field}":"x\\ud800"}`);
      assert.equal(response.status, 400, field);
    }
    assert.equal((await hub.post("/publish", token, '{"topic":"\\ud83d\\ude00"}')).status, 200);
    assert.equal((await hub.publish(token, { topic: "a", retry: "12345678901" })).status, 413);
    assert.equal((await hub.publish(token, { topic: "a", retry: "x" })).status, 400);
  });
});
