import assert from "node:assert/strict";
import { test } from "node:test";
import { createSSEResponse } from "../../mod.ts";
import { deferred, within } from "../support/wait.ts";

// What a runtime needs that stops a program's work with its client; tests/workers has one.

const request = () => new Request("http://localhost/");

test("waitUntil is handed a promise that lasts until the generator is through", async () => {
  const held: Promise<unknown>[] = [];
  const going = deferred();
  let finished = false;
  const response = createSSEResponse(request(), async function* () {
    try {
      yield { data: "first" };
      await going.promise;
      yield { data: "second" };
    } finally {
      finished = true;
    }
  }, { waitUntil: (promise) => void held.push(promise) });
  const reader = response.body!.getReader();
  await reader.read();
  await reader.read();
  assert.equal(held.length, 0);
  await reader.cancel();
  assert.equal(held.length, 1);
  assert.equal(finished, false);
  going.resolve();
  await within(held[0]!, "the generator is through");
  assert.equal(finished, true);
});

test("waitUntil is handed a promise that lasts until a slow cleanup is done, even if it fails", async () => {
  const held: Promise<unknown>[] = [];
  const failing = new DOMException("it was stopped", "AbortError");
  const response = createSSEResponse(request(), () => () => Promise.reject(failing), {
    waitUntil: (promise) => void held.push(promise),
  });
  await response.body!.cancel();
  assert.equal(held.length, 1);
  await within(held[0]!, "the cleanup is done");
});

test("waitUntil is not called where nothing is left to do", async () => {
  const response = createSSEResponse(request(), [{ data: "only" }], {
    waitUntil: () => assert.fail("there is nothing to wait for"),
  });
  await response.text();
});

test("waitUntil must be a function", () => {
  const wrong = { waitUntil: {} } as unknown as { waitUntil: () => void };
  assert.throws(() => createSSEResponse(request(), [], wrong), /Option "waitUntil" must be a function/);
});
