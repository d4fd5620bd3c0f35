// Compares tidings with its peers. See README.md, or run it with --help.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import process from "node:process";
import { GATHERING } from "./contenders/index.mjs";
import { buildTidings } from "./harness/build.mjs";
import { measure } from "./harness/rounds.mjs";
import { version } from "./harness/runtimes.mjs";
import { readOptions } from "./options.mjs";
import { writeCharts } from "./report/charts.mjs";
import { toMarkdown } from "./report/markdown.mjs";

const options = readOptions();
await buildTidings();

const versions = {};
for (const { kind, path } of options.runtimes) versions[kind] = await version(path);
const files = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" })) || Infinity;
const started = Date.now();
const scenarios = [];

for (const scenario of options.scenarios) {
  const { id, title, figures, goals } = scenario;
  if (!options.quick && scenario.files > files) {
    console.error(`${title}: skipped, since it needs ${scenario.files} open files and the limit is ${files}`);
    continue;
  }
  console.error(`\n${title}`);
  const contenders = options.contenders.filter((each) =>
    scenario.parses ? each.parses : !each.parses && (scenario.gathering || !GATHERING.includes(each))
  );
  const results = await measure({ ...options, scenario, contenders, began, ended });
  scenarios.push({ id, title, figures, goals, results });
  // After each scenario, so that a run that is broken off leaves what it had.
  report();
}
console.error(`\n${options.out}: results.md, results.json and the charts`);

function began({ kind, round, rounds, contender }) {
  const minutes = ((Date.now() - started) / 60_000).toFixed(1);
  process.stderr.write(
    `${minutes.padStart(6)} min  ${kind} ${versions[kind]}  ${round}/${rounds}  ${contender.name} … `,
  );
}

function ended({ scenario }, { figures, faults, fault, failed }) {
  const values = Object.entries(figures).map(([key, value]) => {
    const { label, unit, digits } = scenario.figures[key];
    return `${label} ${value.toFixed(digits)} ${unit}`.trim();
  });
  if (faults > 0) values.push(`${faults} clients did not receive all in order (${fault})`);
  process.stderr.write(`${failed ?? values.join(", ")}\n`);
}

function report() {
  const results = {
    date: new Date().toISOString(),
    machine: {
      cpu: cpus()[0].model.trim(),
      cores: cpus().length,
      memory: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()} ${arch()}`,
    },
    versions,
    packages: JSON.parse(readFileSync(new URL("package.json", import.meta.url))).dependencies,
    quick: options.quick,
    rounds: options.rounds,
    scenarios,
  };
  mkdirSync(options.out, { recursive: true });
  writeFileSync(`${options.out}/results.json`, `${JSON.stringify(results, null, 2)}\n`);
  const markdown = toMarkdown(results);
  writeFileSync(`${options.out}/results.md`, markdown);
  if (scenarios.length === options.scenarios.length) console.log(markdown);
  writeCharts(results, options.out);
}
