// Checks the promises of resumable streams on the store in memory.
import { memoryStore } from "../../lib/resumable/mod.ts";
import { resumableScenarios } from "../support/resumable_scenarios.ts";

resumableScenarios("memory", () => {
  const store = memoryStore();
  // One store for all "processes": there is no other memory.
  return Promise.resolve({ open: () => ({ ...bound(store) }), close: () => Promise.resolve(store.close()) });
});

/** The same store, which a process that closes its own does not close for all. */
function bound(store: ReturnType<typeof memoryStore>): ReturnType<typeof memoryStore> {
  return {
    name: store.name,
    create: store.create.bind(store),
    append: store.append.bind(store),
    end: store.end.bind(store),
    claim: store.claim.bind(store),
    overdue: store.overdue.bind(store),
    read: store.read.bind(store),
    watch: store.watch.bind(store),
    own: store.own.bind(store),
    close: () => {},
  };
}
