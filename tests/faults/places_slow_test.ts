// Tests random faults, done to a log in memory that gives the places which it has lost to others, where nodes hear of that at
// different times: see `support/cluster_plans.ts` for how many, and which.
import { clusterPlans } from "../support/cluster_plans.ts";
import { faultyMemoryLogOfPlaces } from "../support/memory_faults.ts";
import { Random } from "../support/random.ts";

let runs = 0;

clusterPlans({
  name: "memory that gives places again",
  count: 300,
  atOnce: 20,
  each: 900,
  start: () =>
    Promise.resolve({
      make: () => Promise.resolve(faultyMemoryLogOfPlaces(new Random(runs++))),
      stop: () => Promise.resolve(),
    }),
});
