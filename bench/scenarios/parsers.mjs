// (i): what parsing costs. No server and no load: a process of the runtime under test reads what it has in memory.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const MAIN = fileURLToPath(new URL("../parsers/main.mjs", import.meta.url));

const parsing = (workload, title) => ({
  id: `i-${workload}`,
  title: `(i) Parsing ${title}`,
  parses: true,
  // Each takes the median of its own passes.
  rounds: 3,
  sizes: { full: { passes: 11 }, quick: { passes: 1 } },
  figures: {
    sync: { label: "CPU per MB, fed with text", unit: "ms", digits: 3, chart: true },
    iterable: { label: "CPU per MB, iterated over bytes", unit: "ms", digits: 3, chart: true },
  },
  goals: [
    { figure: "sync", against: "best peer", most: 1 },
    { figure: "iterable", against: "best peer", most: 1 },
  ],
  async run({ command: [program, ...options], contender: { file } }, { passes }) {
    const figures = {};
    for (const mode of ["sync", "iterable"]) {
      const command = [...options, MAIN, file, workload, mode, String(passes)];
      const { stdout } = await promisify(execFile)(program, command, { timeout: 120_000 });
      const samples = JSON.parse(stdout).sort((a, b) => a - b);
      figures[mode] = samples[samples.length >> 1];
    }
    return { figures, faults: 0 };
  },
});

export const parsers = [
  parsing("small", "200,000 small events"),
  parsing("named", "200,000 small events with an id and a name"),
  parsing("llm", "50,000 pieces of an LLM's answer, one a chunk"),
  parsing("large", "one event of 10 MB in chunks of 16 KB"),
];
