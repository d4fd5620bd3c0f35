// (m): what an event costs the program that receives it. No server and no load, as in (i).
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const MAIN = fileURLToPath(new URL("../clients/main.mjs", import.meta.url));

const consuming = (workload, title) => ({
  id: `m-${workload}`,
  title: `(m) Receiving ${title}`,
  receives: true,
  // Each takes the median of its own passes.
  rounds: 3,
  sizes: { full: { passes: 5 }, quick: { passes: 1 } },
  figures: {
    handler: { label: "CPU per event, to a handler", unit: "µs", digits: 2, chart: true },
    loop: { label: "CPU per event, in a loop", unit: "µs", digits: 2, chart: true },
  },
  // None against those that call back and read on: tidings awaits its handlers, and sets a watchdog at each read.
  goals: [],
  async run({ command: [program, ...options], contender: { file, loops } }, { passes }) {
    const figures = {};
    for (const mode of loops === false ? ["handler"] : ["handler", "loop"]) {
      const command = [...options, MAIN, file, workload, mode, String(passes)];
      const { stdout } = await promisify(execFile)(program, command, { timeout: 240_000 });
      const samples = JSON.parse(stdout).sort((a, b) => a - b);
      figures[mode] = samples[samples.length >> 1];
    }
    return { figures, faults: 0 };
  },
});

export const clients = [
  consuming("small", "200,000 small events"),
  consuming("llm", "50,000 pieces of an LLM's answer, one a chunk"),
];
