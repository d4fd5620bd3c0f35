// (m) measures what an event costs the program that receives it, from a `fetch` that answers from memory.
import { measuredInPasses } from "./passes.mjs";

export const clients = measuredInPasses({
  letter: "m",
  folder: "clients",
  doing: "Receiving",
  workloads: {
    small: "200,000 small events",
    llm: "50,000 pieces of an LLM's answer, one a chunk",
  },
  receives: true,
  floor: "fetch by hand",
  passes: 5,
  modesOf: ({ loops }) => loops === false ? ["handler"] : ["handler", "loop"],
  figures: {
    handler: { label: "CPU per event, to a handler", unit: "µs", digits: 2, chart: true },
    loop: { label: "CPU per event, in a loop", unit: "µs", digits: 2, chart: true },
  },
  // None against those that call back and read on: tidings awaits a handler that gives a promise, and has a watchdog.
  goals: [],
});
