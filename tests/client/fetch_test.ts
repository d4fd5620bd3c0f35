// A fetch of somebody else's, whose body is no web stream or was read already: that is a final error which says so.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { connect, type ConnectOptions } from "../../lib/client/mod.ts";

type Fetch = NonNullable<ConnectOptions["fetch"]>;

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

for (
  const [what, body] of [["none", undefined], ["a Node stream", Readable.from([])], ["a text", {
    text: "data: x",
  }], [
    "bytes",
    new Uint8Array(3),
  ]] as const
) {
  test(`a body that is no stream is a final error: ${what}`, { timeout: 10_000 }, async () => {
    const { fetch, calls } = fetchOf(body);
    await assert.rejects(connect(url, { fetch, retry: { base: 1 } }).closed, {
      name: "TidingsError",
      code: "bad-body",
      message: "Body was read or is no web stream",
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
