// Tests responses whose text is known: they are responses like any other, and their text is known until it is read.
import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf, textResponse } from "../../lib/base/text_response.ts";

const TEXT = "grüße €😀";

test("a response of a known text is a response like any other", async () => {
  const response = textResponse(TEXT, { status: 201, headers: { "x-a": "1" } });
  assert.ok(response instanceof Response);
  assert.equal(response.status, 201);
  assert.equal(response.headers.get("x-a"), "1");
  assert.equal(textOf(response), TEXT);
  assert.equal(await response.clone().text(), TEXT);
  assert.equal(await response.text(), TEXT);
});

test("what somebody has read, or made himself, is not known", async () => {
  const response = textResponse(TEXT, {});
  await response.text();
  assert.equal(textOf(response), undefined);
  assert.equal(textOf(new Response(TEXT)), undefined);
});
