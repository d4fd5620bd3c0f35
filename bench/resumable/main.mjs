// Compares tidings' resumable streams with npm's resumable-stream, on the same Redis: npm run resumable.
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { buildTidings } from "../harness/build.mjs";
import { pathOf, version } from "../harness/runtimes.mjs";
import { toMarkdown } from "./report.mjs";
import { SCENARIOS } from "./scenarios.mjs";

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
const options = readOptions();
await buildTidings();
const started = Date.now();
const loads = [];
/** By scenario, and then by contender: what came of each round. */
const samples = {};
for (let round = 1; round <= options.rounds; round++) {
  for (const scenario of options.scenarios) {
    if (round > (scenario.rounds ?? Infinity)) continue;
    for (const contender of scenario.contenders) {
      if (options.contenders !== undefined && !options.contenders.includes(contender)) continue;
      loads.push(loadavg()[0]);
      const size = scenario.sizes[options.quick ? "quick" : "full"];
      let outcome;
      try {
        const run = {
          contender: contender.replace("-", "_"),
          node: options.node,
          profiles: options.profiles,
        };
        outcome = await scenario.run(run, size);
      } catch (error) {
        outcome = { figures: {}, failed: error.message.trim() };
      }
      ((samples[scenario.id] ??= {})[contender] ??= []).push(outcome);
      tell(round, scenario, contender, outcome);
      await report(round);
    }
  }
}
console.log(await report(options.rounds));
const failed = Object.values(samples).flatMap((each) => Object.values(each).flat())
  .some(({ failed, delivered }) => failed !== undefined || delivered.faults > 0);
process.exit(failed ? 1 : 0);

function tell(round, { id, figures }, contender, { figures: values, delivered, failed }) {
  const time = ((Date.now() - started) / 1_000).toFixed(0).padStart(4);
  const said = Object.entries(values).map(([key, value]) => {
    const { label, unit, digits } = figures[key];
    return `${label} ${value.toFixed(digits)} ${unit}`.trim();
  });
  if (delivered?.faults > 0) said.push(`${delivered.faults} readers: ${delivered.fault}`);
  process.stderr.write(
    `${time} s  ${round}/${options.rounds}  ${id}  ${contender}  ${failed ?? said.join(", ")}\n`,
  );
}

/** Writes what there is so far, so that a bench that is broken off leaves what it had. */
async function report(rounds) {
  const { dependencies } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url)));
  const { stdout } = await promisify(execFile)("redis-server", ["--version"]);
  const results = {
    date: new Date().toISOString(),
    quick: options.quick,
    rounds,
    machine: {
      cpu: cpus()[0].model.trim(),
      cores: cpus().length,
      memory: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()} ${arch()}`,
      // Of the minute before each run.
      load: [Math.min(...loads), Math.max(...loads)],
    },
    versions: {
      node: await version(pathOf("node", options.node)),
      redis: /v=(\S+)/.exec(stdout)[1],
    },
    packages: Object.fromEntries(["resumable-stream", "redis"].map((name) => [name, dependencies[name]])),
    scenarios: SCENARIOS.filter(({ id }) => samples[id] !== undefined)
      .map(({ id, title, figures, sizes, contenders }) => ({
        ...{ id, title, figures, size: sizes[options.quick ? "quick" : "full"] },
        results: Object.fromEntries(
          contenders.filter((name) => samples[id][name] !== undefined)
            .map((name) => [name, summary(samples[id][name])]),
        ),
      })),
  };
  mkdirSync(options.out, { recursive: true });
  writeFileSync(`${options.out}/resumable.json`, `${JSON.stringify(results, null, 2)}\n`);
  const markdown = toMarkdown(results);
  writeFileSync(`${options.out}/resumable.md`, markdown);
  return markdown;
}

function summary(runs) {
  const keys = new Set(runs.flatMap(({ figures }) => Object.keys(figures)));
  const done = runs.filter(({ failed }) => failed === undefined);
  const sum = (key) => done.reduce((total, { delivered }) => total + delivered[key], 0);
  return {
    figures: Object.fromEntries([...keys].map((key) => {
      const values = runs.map(({ figures }) => figures[key]).filter((value) => value !== undefined);
      return [key, { median: median(values), samples: values }];
    })),
    rounds: runs.length,
    received: sum("received"),
    due: sum("due"),
    faults: sum("faults"),
    fault: done.find(({ delivered }) => delivered.fault)?.delivered.fault,
    notes: done.find(({ notes }) => notes)?.notes,
    failed: runs.find(({ failed }) => failed)?.failed,
  };
}

function median(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      // Only those whose id begins so, such as burst or token-10; and only these contenders.
      scenarios: { type: "string" },
      contenders: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      out: { type: "string" },
      node: { type: "string" },
      // A folder for the CPU profiles of both processes: those of the last run of each contender.
      profiles: { type: "string" },
    },
  });
  const { quick } = values;
  const rounds = Number(values.rounds ?? (quick ? 1 : 3));
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds must be a whole number from 1, received ${values.rounds}`);
  }
  const words = values.scenarios?.split(",");
  const scenarios = SCENARIOS.filter(({ id }) => words?.some((word) => id.startsWith(word)) ?? true);
  if (scenarios.length === 0) {
    const ids = SCENARIOS.map(({ id }) => id).join(", ");
    throw new Error(`--scenarios: none begins with ${values.scenarios}; there are: ${ids}`);
  }
  const out = values.out ?? (quick ? ".out/quick" : "results");
  return {
    ...{ quick, rounds, scenarios, node: values.node, contenders: values.contenders?.split(",") },
    profiles: values.profiles && fileURLToPath(new URL(values.profiles, `file://${process.cwd()}/`)),
    out: fileURLToPath(new URL(`../${out}/`, import.meta.url)),
  };
}
