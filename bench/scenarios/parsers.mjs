// (i) measures what parsing costs a process that reads what it has in memory.
import { measuredInPasses } from "./passes.mjs";

const all = measuredInPasses({
  letter: "i",
  folder: "parsers",
  doing: "Parsing",
  workloads: {
    small: "200,000 small events",
    named: "200,000 small events with an id and a name",
    llm: "50,000 pieces of an LLM's answer, one a chunk",
    large: "one event of 10 MB in chunks of 16 KB",
  },
  parses: true,
  passes: 11,
  modesOf: ({ beside }) => beside ? ["sync"] : ["sync", "iterable"],
  figures: {
    sync: { label: "CPU per MB, fed with text", unit: "ms", digits: 3, chart: true },
    iterable: { label: "CPU per MB, iterated over bytes", unit: "ms", digits: 3, chart: true },
  },
  goals: [
    { figure: "sync", against: "best peer", most: 1 },
    { figure: "iterable", against: "best peer", most: 1 },
  ],
});

// The floor knows of data alone.
export const parsers = all.map((scenario) =>
  scenario.id === "i-named" ? scenario : { ...scenario, floor: "search and slice" }
);
