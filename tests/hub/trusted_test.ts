/** Tests what the program that holds a hub may do without a token: publish, and let people see all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ISSUER, SECRET, URL_OF_HUB, withHub } from "../support/hub.ts";
import { until } from "../support/wait.ts";

test("the program publishes private updates, and nothing that nobody may publish", async () => {
  await withHub({ limits: { publishRate: 1 } }, async ({ hub, subscribe }) => {
    const reader = await subscribe("match=a&match=end");
    const trusted = await hub.subscribe(new Request(`${URL_OF_HUB}?match=a&match=end`));
    assert.equal(trusted.status, 200);
    const all = trusted.text();
    await hub.publish({ topic: "a", data: "secret", private: true, id: "urn:x:1", event: "sale" });
    assert.equal(await hub.publish({ topic: ["end", "b"], data: { last: true }, id: "urn:x:2" }), "urn:x:2");
    await until(() => reader.events.length > 0, "the public update");
    assert.deepEqual(reader.events.map(({ data }) => data), ['{"last":true}']);
    for (
      const update of [{ topic: "" }, { topic: URL_OF_HUB }, { topic: "a", event: "mercure" }, {
        topics: "a",
      }]
    ) {
      await assert.rejects(hub.publish(update as { topic: string }), { code: "invalid-event" });
    }
    // The exchange of keys ends no stream of somebody without one.
    assert.equal(
      hub.setIssuers([{ issuer: ISSUER, algorithms: ["HS256"], secret: `${SECRET}, exchanged` }]),
      0,
    );
    await hub.publish({ topic: "end", data: "after" });
    await hub.broadcaster.close();
    const text = await all;
    for (const data of ["secret", '{"last":true}', "after"]) {
      assert.match(text, new RegExp(`^data: ?${data}$`, "m"));
    }
    await assert.rejects(hub.publish({ topic: "a" }), { code: "closed" });
  });
});

test("what such a stream asks for is checked as any other's", async () => {
  await withHub({ auth: { anonymous: false } }, async ({ hub }) => {
    assert.equal((await hub.subscribe(new Request(URL_OF_HUB))).status, 400);
    assert.equal((await hub.fetch(new Request(`${URL_OF_HUB}?match=a`))).status, 401);
  });
});
