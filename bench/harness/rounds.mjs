/**
 * Rounds of runs: in each of them everything in turn, all scenarios, runtimes and contenders, so that what disturbs the
 * machine disturbs all of them.
 */
import { contendersIn } from "../contenders/index.mjs";
import { runOnce } from "./run.mjs";
import { command } from "./runtimes.mjs";

/** Who takes part in a round. What a scenario's goals do not ask for runs in the first round only, for comparison. */
export function runsOf({ scenarios, runtimes, contenders, focus }, round) {
  return scenarios.filter(({ rounds = Infinity }) => round <= rounds || !focus).flatMap((scenario) =>
    runtimes.flatMap(({ kind, path }) =>
      contendersIn(scenario)
        .filter((each) => contenders.includes(each) && (each.runtimes?.includes(kind) ?? true))
        .filter(({ name }) =>
          !focus || scenario.focus === undefined || scenario.focus.includes(name) ||
          round === 1 && !scenario.alone
        )
        .map((contender) => ({ scenario, kind, path, contender, round }))
    )
  );
}

export class Results {
  #samples = new Map();

  /** Takes over what an earlier run left. */
  resume({ scenarios }) {
    for (const { id, results } of scenarios) {
      for (const [kind, contenders] of Object.entries(results)) {
        for (const [name, result] of Object.entries(contenders)) {
          const runs = Array.from({ length: result.rounds }, (_, i) => ({
            figures: Object.fromEntries(
              Object.entries(result.figures).map(([key, { samples }]) => [key, samples[i]]),
            ),
            faults: i === 0 ? result.faults : 0,
            fault: result.fault,
            failed: i < result.failed ? result.failure : undefined,
          }));
          this.#samples.set(JSON.stringify([id, kind, name]), runs);
        }
      }
    }
  }

  /** Runs once, and keeps what came of it. A contender that fails has a result, too. */
  async run({ scenario, kind, path, contender }, { quick, profiles, goProgram }) {
    let outcome;
    try {
      const program = contender.go ? [goProgram] : undefined;
      outcome = await runOnce({
        scenario,
        contender,
        command: command(kind, path, profiles),
        program,
        quick,
      });
    } catch (error) {
      outcome = { figures: {}, faults: 0, failed: error.message.trim() };
    }
    const key = JSON.stringify([scenario.id, kind, contender.name]);
    if (!this.#samples.has(key)) this.#samples.set(key, []);
    this.#samples.get(key).push(outcome);
    return outcome;
  }

  /** A scenario's results so far: for each runtime and contender the median of each figure. */
  of(scenario, { runtimes, contenders }) {
    return Object.fromEntries(runtimes.map(({ kind }) => [
      kind,
      Object.fromEntries(contenders.flatMap(({ name, gathers, beside }) => {
        const runs = this.#samples.get(JSON.stringify([scenario.id, kind, name]));
        return runs === undefined ? [] : [[name, { gathers, beside, ...summary(runs, scenario.derive) }]];
      })),
    ]));
  }
}

/** @param derive figures that are made of the others' medians, and not of each run's */
function summary(runs, derive) {
  const keys = new Set(runs.flatMap(({ figures }) => Object.keys(figures)));
  const figures = {};
  for (const key of keys) {
    const samples = runs.map(({ figures }) => figures[key]).filter((value) => Number.isFinite(value));
    figures[key] = { median: median(samples), samples };
  }
  const medians = Object.fromEntries(Object.entries(figures).map(([key, { median }]) => [key, median]));
  for (const [key, value] of Object.entries(derive?.(medians) ?? {})) {
    if (figures[key] !== undefined) figures[key].median = value;
  }
  return {
    figures,
    rounds: runs.length,
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
