import assert from "node:assert/strict";
import { test } from "node:test";
import { noWorkerd, Workerd } from "../support/workerd.ts";

test("parseSSE and connect read a Durable Object's stream in a Worker, in workerd", {
  skip: noWorkerd,
  timeout: 60_000,
}, async () => {
  const server = await Workerd.start("worker.ts");
  try {
    assert.equal(await server.ask("/read"), "step 0, step 1, step 0, step 1");
    assert.equal(server.output, "");
  } finally {
    await server.stop();
  }
});
