/**
 * Tells whether tidings has become slower: the ratios of `ratios.mjs`, each beside the one that `results/budgets.json` holds.
 * One that is 1.5 times as high, or more, fails.
 *
 *     npm run budget                     in at most three minutes
 *     npm run budget -- --write          measures in more rounds, and stores what comes of it
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { contendersIn } from "../contenders/index.mjs";
import { buildTidings } from "../harness/build.mjs";
import { runOnce } from "../harness/run.mjs";
import { command, pathOf, RUNTIMES, version } from "../harness/runtimes.mjs";
import { budgetFor, judge, ratioOf } from "./judge.mjs";
import { RATIOS } from "./ratios.mjs";

const WORSE = 1.5;
const ROUNDS = 3;
// What is above its limit is measured again, in so many more.
const MORE = 6;
const STORED = 9;
// No second try begins later, so that all is over in three minutes.
const TIME = 150_000;

const file = new URL("../results/budgets.json", import.meta.url);
const options = readOptions();
await buildTidings();
const stored = JSON.parse(readFileSync(file, "utf8"));
const begin = performance.now();
const versions = {};
for (const kind of new Set(options.ratios.map(({ kind }) => kind))) {
  versions[kind] = await version(options.paths[kind]);
}
const over = [];
for (const ratio of options.ratios) {
  if (options.write) await write(ratio);
  else await check(ratio);
}
if (over.length > 0) {
  console.log(
    `\n${WORSE} times what is stored, or more:\n  ${over.join("\n  ")}\n` +
      "Find what made it slower. If that is worth it, store the ratios anew with `npm run budget -- --write` in bench/,\n" +
      "and say in the commit what was bought with them.",
  );
}
process.exit(over.length > 0 ? 1 : 0);

async function check(ratio) {
  const budgets = Object.fromEntries(
    ratio.figures.map((figure) => [figure, budgetFor(stored[nameOf(ratio, figure)] ?? {}, runtimeOf(ratio))]),
  );
  const missing = ratio.figures.find((figure) => budgets[figure] === undefined);
  if (missing !== undefined) {
    throw new Error(`results/budgets.json has nothing for ${nameOf(ratio, missing)} on ${ratio.kind}`);
  }
  const limits = Object.fromEntries(ratio.figures.map((figure) => [figure, budgets[figure] * WORSE]));
  const judged = await judge({
    ...{ limits, rounds: ROUNDS, more: MORE },
    measure: (rounds) => measure(ratio, rounds),
    hasTime: () => performance.now() - begin < TIME,
  });
  for (const figure of ratio.figures) {
    const isOver = judged.over.includes(figure);
    const rounds = judged.rounds === ROUNDS ? "" : `, after ${judged.rounds} rounds`;
    const line = tell(
      ...[ratio, figure, judged.ratios[figure]],
      `stored ${budgets[figure].toFixed(2)}, at most ${limits[figure].toFixed(2)}${rounds}${
        isOver ? ": TOO MUCH" : ""
      }`,
    );
    if (isOver) over.push(line);
  }
}

/** Each is stored at once, so that a run that is broken off keeps what it has. */
async function write(ratio) {
  const rounds = await measure(ratio, STORED);
  for (const figure of ratio.figures) {
    const value = ratioOf(rounds, figure);
    tell(ratio, figure, value, "stored");
    const byRuntime = stored[nameOf(ratio, figure)] ??= {};
    byRuntime[runtimeOf(ratio)] = Number(value.toPrecision(3));
  }
  writeFileSync(file, `${JSON.stringify(stored, null, 2)}\n`);
}

function tell(ratio, figure, value, rest) {
  const seconds = ((performance.now() - begin) / 1000).toFixed(0).padStart(4);
  const line = `${ratio.kind} ${versions[ratio.kind]}, ${nameOf(ratio, figure)}: ${
    value.toFixed(2)
  } (${rest})`;
  console.log(`${seconds} s  ${line}`);
  return line;
}

function nameOf({ scenario: { id }, own, other }, figure) {
  return `${id} ${figure}, ${own} / ${other}`;
}

/** Node's versions differ in what they are quick at. */
function runtimeOf({ kind }) {
  return kind === "node" ? `node ${versions.node.split(".")[0]}` : kind;
}

/** Both sides in each round, and who is first alternates. */
async function measure({ scenario, own, other, size, kind }, rounds) {
  const once = async (name) => {
    const contender = contendersIn(scenario).find((each) => each.name === name);
    const { figures, faults, fault } = await runOnce({
      ...{ scenario, contender, size, command: command(kind, options.paths[kind]) },
    });
    if (faults > 0) {
      throw new Error(
        `${scenario.title}, ${name}: ${faults} clients did not receive all in order (${fault})`,
      );
    }
    return figures;
  };
  // On a machine that is busy a run may fail: one that fails twice fails.
  const figuresOf = (name) => once(name).catch(() => once(name));
  const all = [];
  for (let round = 0; round < rounds; round++) {
    const figures = {};
    for (const name of round % 2 === 0 ? [own, other] : [other, own]) figures[name] = await figuresOf(name);
    all.push({ own: figures[own], other: figures[other] });
  }
  return all;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      write: { type: "boolean", default: false },
      scenarios: { type: "string" },
      runtimes: { type: "string", default: RUNTIMES.join() },
      ...Object.fromEntries(RUNTIMES.map((kind) => [kind, { type: "string" }])),
    },
  });
  const kinds = values.runtimes.split(",");
  const letters = values.scenarios?.split(",");
  const ratios = RATIOS.filter(({ kind, scenario: { id } }) =>
    kinds.includes(kind) && (letters?.includes(id[0]) ?? true)
  );
  if (ratios.length === 0) throw new Error(`There is no ratio of ${values.scenarios} on ${values.runtimes}`);
  return {
    write: values.write,
    ratios,
    paths: Object.fromEntries(kinds.map((kind) => [kind, pathOf(kind, values[kind])])),
  };
}
