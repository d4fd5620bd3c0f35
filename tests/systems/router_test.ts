/** Tests the examples' router: who is found, and what is refused how. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { readText, Refusal } from "../../examples/support/http.ts";
import { router } from "../../examples/support/router.ts";

const ok = (text: string) => () => new Response(text);
const ask = async (handler: ReturnType<typeof router>, method: string, path: string) => {
  const response = await handler(new Request(`http://localhost${path}`, { method }));
  return [response.status, response.headers.get("allow") ?? (await response.text())];
};
const answerOf = async (handler: ReturnType<typeof router>, init?: RequestInit) => {
  const response = await handler(new Request("http://localhost/", init));
  return { status: response.status, headers: response.headers, body: await response.json() };
};

test("routes: by method and path, the exact one before the wide one", async () => {
  const handler = router(
    { "GET,OPTIONS /events": ok("events"), "POST /events": ok("posted") },
    { "GET /pictures/*": ok("one"), "GET /pictures/list": ok("list") },
  );
  assert.deepEqual(await ask(handler, "GET", "/events?x=1"), [200, "events"]);
  assert.deepEqual(await ask(handler, "HEAD", "/events"), [200, "events"]);
  assert.deepEqual(await ask(handler, "OPTIONS", "/events"), [200, "events"]);
  assert.deepEqual(await ask(handler, "POST", "/events"), [200, "posted"]);
  assert.deepEqual(await ask(handler, "DELETE", "/events"), [405, "GET, HEAD, OPTIONS, POST"]);
  assert.deepEqual(await ask(handler, "GET", "/pictures/list"), [200, "list"]);
  assert.deepEqual(await ask(handler, "GET", "/pictures/7"), [200, "one"]);
  assert.deepEqual(await ask(handler, "GET", "/pictures"), [
    404,
    '{"error":{"message":"Nothing here: see /"}}',
  ]);
});

test("two systems with one route are a mistake that is told at start", () => {
  assert.throws(
    () => router({ "GET /events": ok("a") }, { "GET,POST /events": ok("b") }),
    /Two routes answer GET \/events/,
  );
  assert.throws(() => router({ "/events": ok("a") }), /Route "\/events" must be methods and a path/);
});

test("a refusal that a handler throws, at once or later, is answered as JSON that nobody keeps", async () => {
  const refusal = new Refusal(403, "Not yours", { code: "not-yours", parameter: "member_id" });
  for (
    const handler of [
      () => {
        throw refusal;
      },
      () => Promise.reject(refusal),
    ]
  ) {
    const { status, headers, body } = await answerOf(router({ "GET /": handler }));
    assert.equal(status, 403);
    assert.deepEqual(body, { error: { code: "not-yours", parameter: "member_id", message: "Not yours" } });
    assert.match(headers.get("content-type")!, /^application\/json/);
    assert.equal(headers.get("cache-control"), "no-store");
  }
  const busy = new Refusal(503, "Later", { headers: { "retry-after": "10" } });
  const { headers, body } = await answerOf(router({ "GET /": () => Promise.reject(busy) }));
  assert.deepEqual(body, { error: { message: "Later" } });
  assert.equal(headers.get("retry-after"), "10");
});

test("a body that is too long is refused, and its connection closed", async () => {
  const handler = router({ "POST /": async (request) => new Response(await readText(request, 3)) });
  const { status, headers, body } = await answerOf(handler, { method: "POST", body: "four" });
  assert.deepEqual([status, headers.get("connection")], [413, "close"]);
  assert.deepEqual(body, { error: { message: "Send at most 3 bytes" } });
});

test("any other error is the server's own, and stays one", async () => {
  const bug = new Error("a bug");
  const handler = router({ "GET /": () => Promise.reject(bug) });
  await assert.rejects(Promise.resolve(handler(new Request("http://localhost/"))), bug);
});
