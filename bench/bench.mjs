// Compares tidings with its peers. See README.md, or run it with --help.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, release, totalmem } from "node:os";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { buildTidings } from "./harness/build.mjs";
import { buildGo } from "./harness/go.mjs";
import { Results, runsOf } from "./harness/rounds.mjs";
import { version } from "./harness/runtimes.mjs";
import { ALL } from "./contenders/index.mjs";
import { readOptions } from "./options.mjs";
import { writeCharts } from "./report/charts.mjs";
import { toMarkdown } from "./report/markdown.mjs";
import { SCENARIOS } from "./scenarios/index.mjs";

const options = readOptions();
await buildTidings();

const packages = JSON.parse(readFileSync(new URL("package.json", import.meta.url))).dependencies;
await prepareGo();
const versions = {};
for (const { kind, path } of options.runtimes) versions[kind] = await version(path);
const files = Number(execFileSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" })) || Infinity;
const started = Date.now();
const minutes = () => (Date.now() - started) / 60_000;
const results = new Results();
const earlier = options.resume || options.renew ? readEarlier() : undefined;
if (earlier !== undefined) results.resume(earlier);
const before = options.resume ? earlier.rounds : 0;
const scenarios = options.scenarios.filter(({ title, files: needed }) => {
  if (options.quick || !(needed > files)) return true;
  console.error(`${title}: skipped, since it needs ${needed} open files and the limit is ${files}`);
  return false;
});
let rounds = 0;

for (let longest = 0; rounds < options.rounds; rounds++) {
  const begin = minutes();
  // The first round has more to do than the others.
  if (rounds > 0 && begin + longest > options.minutes) {
    console.error(`\nNo time for another round: ${options.minutes} minutes are the limit (--minutes)`);
    break;
  }
  for (const run of runsOf({ ...options, scenarios }, before + rounds + 1)) {
    began(run);
    ended(run, await results.run(run, options));
    // After each run, so that a bench that is broken off leaves what it had.
    report(before + rounds + 1);
  }
  longest = minutes() - begin;
}
console.log(report(before + rounds));
console.error(
  `\n${options.out}: results.md, results.json and the charts, after ${minutes().toFixed(1)} minutes`,
);

if (options.quick && options.scenarios.length === SCENARIOS.length) {
  // A command of its own, since it compares with others; but whoever asks whether all works asks for it, too.
  const command = new URL("resumable/main.mjs", import.meta.url);
  execFileSync(process.execPath, [fileURLToPath(command), "--quick"], { stdio: "inherit" });
}

/** Builds what is written in Go, if anybody asks for it, and goes without where Go is not installed. */
async function prepareGo() {
  const wanted = options.contenders.filter(({ go }) => go);
  if (wanted.length === 0 || !options.scenarios.some(({ beside }) => beside)) return;
  const { program, version, missing } = await buildGo();
  if (missing !== undefined) {
    console.error(`${wanted.map(({ name }) => name).join(", ")}: skipped. ${missing}`);
    options.contenders = options.contenders.filter(({ go }) => !go);
    return;
  }
  packages.Go = version;
  options.goProgram = program;
}

/** What an earlier run left that still counts: it must have been of the same runtimes. */
function readEarlier() {
  const earlier = JSON.parse(readFileSync(`${options.out}/results.json`, "utf8"));
  for (const kind of Object.keys(versions)) {
    if (earlier.versions[kind] === versions[kind]) continue;
    throw new Error(
      `--resume and --renew: ${options.out} was measured with ${kind} ${earlier.versions[kind]}, not ${
        versions[kind]
      }`,
    );
  }
  if (earlier.quick !== options.quick) {
    throw new Error("--resume and --renew: one of the two runs is --quick");
  }
  const isRenewed = ({ id }) => options.renew && options.scenarios.some((scenario) => scenario.id === id);
  return { ...earlier, scenarios: earlier.scenarios.filter((scenario) => !isRenewed(scenario)) };
}

function began({ scenario, kind, round, contender }) {
  const time = minutes().toFixed(1).padStart(5);
  process.stderr.write(
    `${time} min  ${round}/${before + options.rounds}  ${scenario.id}  ${kind} ${
      versions[kind]
    }  ${contender.name} … `,
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

function report(round) {
  const today = new Date().toISOString();
  const all = {
    date: today,
    machine: {
      cpu: cpus()[0].model.trim(),
      cores: cpus().length,
      memory: Math.round(totalmem() / 2 ** 30),
      system: `${platform()} ${release()} ${arch()}`,
    },
    versions,
    packages,
    quick: options.quick,
    rounds: Math.max(round, earlier?.rounds ?? 0),
    // In their order, with those of the earlier run that take no part in this one.
    scenarios: SCENARIOS
      .filter((scenario) =>
        scenarios.includes(scenario) || earlier?.scenarios.some(({ id }) => id === scenario.id)
      )
      .map((scenario) => {
        const { id, title, figures, goals } = scenario;
        const old = earlier?.scenarios.find((each) => each.id === id);
        // When its newest round was.
        const date = scenarios.includes(scenario) ? today : old.date ?? earlier.date;
        const all = scenarios.includes(scenario) && before === 0 ? options : { ...options, contenders: ALL };
        return { id, title, date, figures, goals, results: results.of(scenario, all) };
      }),
  };
  mkdirSync(options.out, { recursive: true });
  writeFileSync(`${options.out}/results.json`, `${JSON.stringify(all, null, 2)}\n`);
  const markdown = toMarkdown(all);
  writeFileSync(`${options.out}/results.md`, markdown);
  writeCharts(all, options.out);
  return markdown;
}
