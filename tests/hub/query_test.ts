/** Tests subscriptions by the method QUERY, whose form has room for more matchers than an address. */
import assert from "node:assert/strict";
import { METHODS } from "node:http";
import { test } from "node:test";
import { RawClient } from "../support/client.ts";
import { grant, sign, type TestHub, withHub } from "../support/hub.ts";
import { until } from "../support/wait.ts";

// The server of Node 18 refuses a method that it does not know.
const skip = !("Bun" in globalThis || "Deno" in globalThis || METHODS.includes("QUERY"));
const PATH = "/.well-known/mercure";
const FORM = "application/x-www-form-urlencoded";

/** Sends the head and body of a QUERY by a socket, and reads what comes. */
async function query(
  hub: TestHub,
  body: string,
  { path = PATH, headers = {} }: {
    path?: string;
    headers?: Record<string, string>;
  } = {},
): Promise<RawClient> {
  const client = await RawClient.open(Number(new URL(hub.origin).port), {
    method: "QUERY",
    path,
    headers: {
      "content-type": FORM,
      "content-length": String(body.length),
      ...headers,
    },
  });
  client.send(body);
  return client;
}

const status = async (client: RawClient) => {
  await until(() => client.text.includes("\r\n"), "a status");
  client.close();
  return Number(client.text.split(" ")[1]);
};

test("QUERY subscribes by a form, together with what the address says", { skip }, async () => {
  await withHub({}, async (hub) => {
    const token = await sign([grant("publish", "*")]);
    // More than the 16 KiB of headers that Node's server takes.
    const topic = (i: number) => `https://example.com/${"x".repeat(300)}/${i}`;
    const form = new URLSearchParams(Array.from({ length: 90 }, (_, i) => ["match", topic(i)]));
    form.append("match_urlpattern", "https://example.com/books/:id");
    const reader = await query(hub, form.toString(), { path: `${PATH}?match=address` });
    await until(() => hub.hub.broadcaster.size === 1, "the subscription");
    await hub.publish(token, { topic: topic(89), data: "of the list" });
    await hub.publish(token, { topic: "https://example.com/books/1", data: "of the pattern" });
    await hub.publish(token, { topic: "elsewhere", data: "of nobody" });
    await hub.publish(token, { topic: "address", data: "of the address" });
    await until(() => reader.text.includes("of the address"), "all updates");
    assert.match(reader.text, /^HTTP\/1.1 200 /);
    assert.match(reader.text, /content-type: text\/event-stream/i);
    assert.match(reader.text, /of the list[^]*of the pattern/);
    assert.ok(!reader.text.includes("of nobody"));
    reader.close();
    await until(() => hub.hub.broadcaster.size === 0, "its departure");
  });
});

test(
  "the place to go on comes by the header, else by the address, else by the form",
  { skip },
  async () => {
    await withHub({}, async (hub) => {
      const token = await sign([grant("publish", "*")]);
      for (const id of ["urn:1", "urn:2", "urn:3"]) {
        await hub.publish(token, { topic: "a", id, data: id });
      }
      const after = async (form: string, path = PATH, headers = {}) => {
        const reader = await query(hub, `match=a&${form}`, { path, headers });
        await until(() => reader.text.includes("data: urn:3"), "the last update");
        reader.close();
        const place = /mercure-last-event-id: (\S+)/i.exec(reader.text)?.[1];
        return [place, ...[...reader.text.matchAll(/data: (urn:\d)/g)].map(([, data]) => data)];
      };
      assert.deepEqual(await after("last_event_id=urn:2"), ["urn:2", "urn:3"]);
      assert.deepEqual(await after("last_event_id=urn:1", `${PATH}?last_event_id=urn:2`), ["urn:2", "urn:3"]);
      assert.deepEqual(
        await after(
          "last_event_id=earliest",
          `${PATH}?last_event_id=earliest`,
          { "last-event-id": "urn:1" },
        ),
        ["urn:1", "urn:2", "urn:3"],
      );
    });
  },
);

test(
  "a QUERY that is no form, says nothing, or too much is refused, and a token comes before its body",
  { skip },
  async () => {
    await withHub({ limits: { bodyBytes: 1_000 } }, async (hub) => {
      assert.equal(await status(await query(hub, "")), 400);
      assert.equal(await status(await query(hub, "Match=a")), 400);
      assert.equal(await status(await query(hub, "match=%ff")), 400);
      assert.equal(
        await status(
          await query(hub, "match=a", { path: `${PATH}?matches=b` }),
        ),
        400,
      );
      assert.equal(await status(await query(hub, `match=${"a".repeat(1_000)}`)), 413);
      const wrong = await query(hub, '{"match":"a"}', { headers: { "content-type": "application/json" } });
      await until(() => wrong.text.includes("\r\n\r\n"), "an answer");
      assert.match(wrong.text, /^HTTP\/1.1 415 /);
      assert.match(wrong.text, new RegExp(`accept-query: ${FORM}`, "i"));
      wrong.close();
      assert.equal(await status(await query(hub, "match=a", { path: "/publish" })), 405);
      assert.equal((await hub.get(`${PATH}?match=%ff`)).status, 400, "and of an address likewise");
      const delayed = await RawClient.open(Number(new URL(hub.origin).port), {
        method: "QUERY",
        path: PATH,
        headers: {
          authorization: "Bearer x.y.z",
          "content-type": FORM,
          "content-length": "100",
        },
      });
      assert.equal(await status(delayed), 401);
      assert.deepEqual(hub.errors, []);
    });
  },
);

test(
  "QUERY is among the methods that are allowed, to pages of other origins too",
  { skip },
  async () => {
    const cors = { origins: ["https://page.example"] };
    await withHub({ cors }, async (hub) => {
      const other = await hub.get(PATH, { method: "PUT" });
      assert.equal(other.status, 405);
      assert.equal(other.headers.get("allow"), "GET, HEAD, POST, QUERY");
      const preflight = await hub.get(PATH, {
        method: "OPTIONS",
        headers: {
          origin: "https://page.example",
          "access-control-request-method": "QUERY",
        },
      });
      assert.match(preflight.headers.get("access-control-allow-methods")!, /\bQUERY\b/);
      const reader = await query(hub, "match=a", { headers: { origin: "https://page.example" } });
      await until(() => reader.text.includes("\r\n\r\n"), "the head of the stream");
      assert.match(reader.text, /access-control-allow-origin: https:\/\/page.example/i);
      reader.close();
    });
  },
);
