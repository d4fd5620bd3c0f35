// Makes scenarios without server and load: a program, on the runtime under test, measures what it does in memory.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * A scenario for each workload, by its name and its title.
 *
 * @param letter the scenario's
 * @param folder where the program is, `main.mjs`, and the contenders' files
 * @param doing what is done, in one word
 * @param workloads titles by the names of the workloads
 * @param passes how many there are in a run
 * @param modesOf gives the modes that a contender knows; each is a figure, too
 * @param rest what else the scenarios are: see index.mjs
 */
export function measuredInPasses({ letter, folder, doing, workloads, passes, modesOf, ...rest }) {
  const main = fileURLToPath(new URL(`../${folder}/main.mjs`, import.meta.url));
  return Object.entries(workloads).map(([workload, title]) => ({
    id: `${letter}-${workload}`,
    title: `(${letter}) ${doing} ${title}`,
    // Each takes the median of its own passes.
    rounds: 3,
    sizes: { full: { passes }, quick: { passes: 1 } },
    ...rest,
    async run({ command: [program, ...options], contender }, { passes }) {
      const figures = {};
      for (const mode of modesOf(contender)) {
        const args = [...options, main, contender.file, workload, mode, String(passes)];
        const { stdout } = await promisify(execFile)(program, args, { timeout: 240_000 });
        const samples = JSON.parse(stdout).sort((a, b) => a - b);
        figures[mode] = samples[samples.length >> 1];
      }
      return { figures, faults: 0 };
    },
  }));
}
