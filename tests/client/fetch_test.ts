// A fetch of somebody else's, whose body is no web stream: what can be iterated is read, anything else is a final error.
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { connect, type ConnectOptions, parseSSE } from "../../lib/client/mod.ts";
import { events, openStream, resumeAt, startServer } from "../support/client_server.ts";
import { until, within } from "../support/wait.ts";

type Fetch = NonNullable<ConnectOptions["fetch"]>;

/** A fetch over node:http whose body is the Node stream, as that of node-fetch is. */
const nodeFetch: Fetch = (url, { headers, signal }) =>
  new Promise((resolve, reject) => {
    const sent = request(url, {
      headers: Object.fromEntries(headers as Headers),
      signal: signal ?? undefined,
    }, (body) => {
      const received = new Headers({ "content-type": body.headers["content-type"] ?? "" });
      resolve({ status: body.statusCode, headers: received, body, bodyUsed: false } as unknown as Response);
    });
    sent.on("error", reject);
    sent.end();
  });

/** A fetch that gives a response with this body, and counts its calls. */
function fetchOf(body: unknown): { fetch: Fetch; calls(): number } {
  const headers = new Headers({ "content-type": "text/event-stream" });
  let calls = 0;
  const fetch: Fetch = () => {
    calls++;
    return Promise.resolve({ status: 200, headers, body, bodyUsed: false } as unknown as Response);
  };
  return { fetch, calls: () => calls };
}

const url = "http://127.0.0.1:9/events";

test("a body that is a Node stream is read, over several connections", { timeout: 20_000 }, async () => {
  const server = await startServer((response, seen) => {
    const from = resumeAt(seen);
    openStream(response).write(events(from, from + 1));
    // In the middle of a character.
    response.write(new Uint8Array([0x64, 0xe2]));
    response.end();
  });
  const ids: string[] = [];
  const stream = connect(server.url, { fetch: nodeFetch, retry: { base: 5, max: 20 } });
  for await (const { lastEventId } of stream) if (ids.push(lastEventId) === 6) break;
  assert.deepEqual(ids, ["1", "2", "3", "4", "5", "6"]);
  assert.equal(server.requests.length, 3);
  await server.kill();
});

test(
  "leaving a Node stream while it is silent ends its connection at once",
  { timeout: 20_000 },
  async () => {
    const server = await startServer((response) => void openStream(response).write(events(1, 1)));
    const response = await nodeFetch(server.url, { headers: new Headers() });
    const iterator = parseSSE(response);
    assert.equal((await iterator.next()).value?.lastEventId, "1");
    const pending = iterator.next();
    const done = { done: true, value: undefined };
    assert.deepEqual(await within(iterator.return(), "return() to settle"), done);
    assert.deepEqual(await within(pending, "next() to settle"), done);
    await until(() => server.streams() === 0, "the server to see the client leave");

    const stream = connect(server.url, { fetch: nodeFetch });
    for await (const _ of stream) break;
    await until(() => server.streams() === 0 && server.requests.length === 2, "the server to see it leave");
    await server.kill();
  },
);

test("a body that can be iterated is read, and let go of", { timeout: 10_000 }, async () => {
  let left = false;
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for (let n = 1;; n++) yield await Promise.resolve(new TextEncoder().encode(events(n, n)));
    } finally {
      left = true;
    }
  }
  const ids: string[] = [];
  for await (const { lastEventId } of connect(url, { fetch: fetchOf(body()).fetch })) {
    if (ids.push(lastEventId) === 3) break;
  }
  assert.deepEqual(ids, ["1", "2", "3"]);
  await until(() => left, "the generator to be left");
});

for (
  const [what, body] of [["none", undefined], ["a text", { text: "data: x" }], [
    "bytes",
    new Uint8Array(3),
  ]] as const
) {
  test(`a body that is no stream is a final error: ${what}`, { timeout: 10_000 }, async () => {
    const { fetch, calls } = fetchOf(body);
    await assert.rejects(connect(url, { fetch, retry: { base: 1 } }).closed, {
      name: "TidingsError",
      code: "bad-body",
      message: "No stream, or read already: parseSSE(await fetch(url))",
    });
    assert.equal(calls(), 1);
  });
}

test("a response that a fetch has read already is a final error", { timeout: 10_000 }, async () => {
  let calls = 0;
  const fetch: Fetch = async () => {
    calls++;
    const response = new Response("data: x\n\n", { headers: { "content-type": "text/event-stream" } });
    await response.text();
    return response;
  };
  await assert.rejects(connect(url, { fetch, retry: { base: 1 } }).closed, { code: "bad-body" });
  assert.equal(calls, 1);
});
