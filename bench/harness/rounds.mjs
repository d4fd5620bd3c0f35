/** Rounds of runs: all contenders in turn, again and again, so that what disturbs the machine disturbs all of them. */
import { runOnce } from "./run.mjs";
import { command } from "./runtimes.mjs";

/**
 * @param {object} options
 * @param {(run: object) => void} options.began told before each run
 * @param {(run: object, outcome: object) => void} options.ended told after it
 * @returns the scenario's results: for each runtime and contender the runs, and the median of each figure
 */
export async function measure({ scenario, contenders, runtimes, rounds, quick, profiles, began, ended }) {
  const results = {};
  for (const { kind, path } of runtimes) {
    const runs = Object.fromEntries(contenders.map(({ name }) => [name, []]));
    for (let round = 1; round <= rounds; round++) {
      for (const contender of contenders) {
        const run = { scenario, kind, round, rounds, contender };
        began(run);
        const outcome = await attempt({ scenario, contender, command: command(kind, path, profiles), quick });
        ended(run, outcome);
        runs[contender.name].push(outcome);
      }
    }
    results[kind] = Object.fromEntries(
      contenders.map(({ name, gathers }) => [name, { gathers, ...summary(runs[name]) }]),
    );
  }
  return results;
}

/** A contender that fails has a result, too. */
async function attempt(options) {
  try {
    return await runOnce(options);
  } catch (error) {
    return { figures: {}, faults: 0, failed: error.message.trim() };
  }
}

function summary(runs) {
  const keys = new Set(runs.flatMap(({ figures }) => Object.keys(figures)));
  const figures = {};
  for (const key of keys) {
    const samples = runs.map(({ figures }) => figures[key]).filter((value) => Number.isFinite(value));
    figures[key] = { median: median(samples), samples };
  }
  return {
    figures,
    faults: runs.reduce((sum, { faults }) => sum + faults, 0),
    fault: runs.find(({ fault }) => fault)?.fault,
    failed: runs.filter(({ failed }) => failed).length,
    failure: runs.find(({ failed }) => failed)?.failed,
  };
}

function median(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
