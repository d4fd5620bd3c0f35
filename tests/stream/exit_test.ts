// Tests that nothing of a stream keeps a process alive, and that one ends in good order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runFixture } from "../support/spawn.ts";

test("the process ends by itself when nothing but keepalives is left", { timeout: 30_000 }, async () => {
  const { code, stdout, stderr } = await runFixture("quiet.ts");
  assert.equal(stderr, "");
  assert.equal(stdout, "fine: 9 streams are open, and 3 subscribers\n");
  assert.equal(code, 0);
});

test(
  "the process ends by itself after broadcaster.close() and server.close()",
  { timeout: 30_000 },
  async () => {
    const { code, stdout, stderr } = await runFixture("drain.ts");
    assert.equal(stderr, "");
    assert.equal(stdout, "closed, with 0 subscribers\n");
    assert.equal(code, 0);
  },
);
