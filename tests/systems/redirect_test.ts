/** Tests that an address that leads on to a page takes along what was asked for, such as a language. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { redirect } from "../../examples/support/system.ts";

test("a redirect keeps the query", async () => {
  const locationOf = async (address: string) => {
    const { status, headers } = await redirect("/cluster/")(new Request(`http://localhost${address}`));
    return [status, headers.get("location")];
  };
  assert.deepEqual(await locationOf("/"), [302, "/cluster/"]);
  assert.deepEqual(await locationOf("/cluster?lang=zh"), [302, "/cluster/?lang=zh"]);
});
