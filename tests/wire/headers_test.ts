// What the option `headers` may and may not put into a response.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster, createSSEResponse } from "../../mod.ts";
import { request } from "../support/memory_client.ts";

test("a header of the caller's own that would forge another is refused, and starts nothing", async () => {
  const feed = new Broadcaster();
  let asked = 0;
  const source = () => {
    asked++;
    return [];
  };
  for (const value of ["a\r\nset-cookie: forged=1", "a\nb", "a\rb", "a\0b"]) {
    const headers = { "x-own": value };
    assert.throws(() => createSSEResponse(request(), source, { headers }), TypeError, JSON.stringify(value));
    assert.throws(() => feed.subscribe(request(), { headers }), TypeError, JSON.stringify(value));
  }
  const headers = { "x-own\r\nset-cookie": "forged=1" };
  assert.throws(() => createSSEResponse(request(), source, { headers }), TypeError);
  assert.deepEqual([asked, feed.size], [0, 0]);
  await feed.close();
});
