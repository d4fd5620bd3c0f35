// Checks the store in memory against the contract of all stores.
import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "../../lib/store/memory.ts";
import { storeContract } from "../support/store_contract.ts";

storeContract("memory", () => {
  const store = memoryStore();
  // One store for all "processes": there is no other memory.
  return Promise.resolve({ open: () => store, close: () => Promise.resolve() });
});

test("so many streams that have ended are kept, and those that run", async () => {
  const store = memoryStore({ ended: 2 });
  let tokens = 0;
  const begin = (id: string) =>
    store.create(id, { epoch: "e", owner: "o", token: `${++tokens}`, lease: 60_000, keep: 60_000 });
  const end = (id: string) => store.end(id, { state: "complete", keep: 60_000 });
  const kept = async () => {
    const ids = ["1", "2", "3", "4", "5"];
    const pages = await Promise.all(ids.map((id) => store.read(id, 0, 1)));
    return ids.filter((_, index) => pages[index] !== undefined).join("");
  };
  for (const id of ["1", "2", "3", "4", "5"]) await begin(id);
  for (const id of ["4", "2"]) await end(id);
  assert.equal(await kept(), "12345");
  await end("3");
  assert.equal(await kept(), "1235", "the one that ended first is gone");
  // One that is made anew has not ended.
  await begin("2");
  await end("1");
  assert.equal(await kept(), "1235");
  assert.throws(() => memoryStore({ ended: 0 }), /Option "ended" must be a whole number of streams/);
  store.close();
});
