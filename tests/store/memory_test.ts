// Checks the store in memory against the contract of all stores.
import { memoryStore } from "../../lib/store/memory.ts";
import { storeContract } from "../support/store_contract.ts";

storeContract("memory", () => {
  const store = memoryStore();
  // One store for all "processes": there is no other memory.
  return Promise.resolve({ open: () => store, close: () => Promise.resolve() });
});
