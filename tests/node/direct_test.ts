// Tests that streams are written straight to Node's sockets by what this Node does, not by its version.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runFixture } from "../support/spawn.ts";
import { runtime } from "../support/runtime.ts";

const skip = runtime !== "node" && "only Node's own node:http is written to directly";
const IN_ORDER = ["one", "two", "three"];

/** What arrives of three events, from a Node that holds back what is written to these responses. */
async function received(responses: "always" | "with sockets", direct: boolean): Promise<string[]> {
  const { code, stdout, stderr } = await runFixture("other_node.ts", { args: [responses, `${direct}`] });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

// Without this no Node can be tried out, and none that lacks it will change any more.
const old = typeof process.getBuiltinModule !== "function" && "this Node has had its last release";

test("a Node that orders its writes in another way is not written past", { skip: skip || old }, async () => {
  assert.deepEqual(await received("always", true), IN_ORDER);
});

test("`direct: false` writes all to the response", { skip }, async () => {
  assert.deepEqual(await received("with sockets", false), IN_ORDER);
  // What is written past the response would be seen here: the difference that the option makes.
  assert.notDeepEqual(await received("with sockets", true), IN_ORDER);
});
