// The fault run: three nodes on three runtimes over one Redis, readers that hop between them, seeded faults one after the
// other, and an account of every event.
//   npm run chaos -- --minutes 10 --seed 1
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { buildTidings } from "../harness/build.mjs";
import { pathOf, RUNTIMES, version } from "../harness/runtimes.mjs";
import { Account } from "./account.mjs";
import { FAULTS, plan } from "./faults.mjs";
import { Node } from "./nodes.mjs";
import { Random } from "./random.mjs";
import { Reader } from "./reader.mjs";
import { ChaosRedis } from "./redis.mjs";
import { isClean, markdown, table } from "./report.mjs";
import { sleep, until } from "./wait.mjs";

const READERS = 24;
// Events a second that each node publishes.
const RATE = 40;
// One reader hops so often, in milliseconds; one in so many of these hops is a rest of up to so long.
const HOP = 150;
const RESTS = 4;
const LONGEST_REST = 6_000;

const options = readOptions();
const faults = Object.fromEntries(Object.keys(FAULTS).map((name) => [name, 0]));
const account = new Account();
const random = new Random(options.seed);
// Hops come as time goes, and must not take numbers out of the plan of faults.
const hopping = new Random(options.seed + 1);
const readers = [];
const nodes = [];
let redis;
let hops;
let fail;
const failing = new Promise((_, reject) => fail = reject);
failing.catch(() => {});
process.on("exit", () => {
  for (const node of nodes) node.destroy();
  redis?.destroy();
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

const begun = performance.now();
const log = (text) =>
  process.stderr.write(`${((performance.now() - begun) / 1_000).toFixed(1).padStart(6)} s  ${text}\n`);

let failure;
try {
  await buildTidings();
  await Promise.race([run(), failing]);
} catch (error) {
  failure = error.message;
  log(`FAILED: ${failure}`);
}
clearInterval(hops);
await conclude();

async function run() {
  redis = await ChaosRedis.start();
  for (const kind of RUNTIMES) {
    nodes.push(
      new Node({ kind, path: pathOf(kind, options[kind]), url: redis.url, rate: RATE, account, fail }),
    );
  }
  await Promise.all(nodes.map((node) => node.start()));
  await allWell();
  const pick = () => {
    const up = nodes.filter(({ port }) => port !== undefined);
    return up.length === 0 ? undefined : hopping.pick(up);
  };
  for (let i = 0; i < READERS; i++) readers.push(new Reader(pick, account.reader()));
  await until(() => readers.every(({ isPlaced }) => isPlaced), "every reader has a place");
  hops = setInterval(() => {
    hopping.pick(readers).hop(hopping.below(RESTS) === 0 ? hopping.between(0, LONGEST_REST) : 0);
  }, HOP);

  const end = performance.now() + options.minutes * 60_000;
  for (const { name, drawn, quiet } of plan(random, options.faults)) {
    if (performance.now() > end) break;
    const fault = FAULTS[name];
    const what = `${name} ${fault.say(drawn, { nodes })}`.trim();
    const at = performance.now();
    await fault.run({ redis, nodes }, drawn);
    const done = performance.now();
    await allWell();
    const received = readers.map((reader) => reader.received);
    await until(
      () => readers.every((reader, i) => reader.received > received[i]),
      `every reader receives again after: ${what}`,
    );
    faults[name]++;
    log(`${what}: took ${seconds(done - at)}, all receive again ${seconds(performance.now() - done)} later`);
    await sleep(quiet);
  }

  clearInterval(hops);
  log("the end: waiting until every reader has the last event of every node");
  await allWell();
  const last = await Promise.all(nodes.map((node) => node.stopPublishing()));
  await until(
    () => readers.every(({ latest }) => last.every(({ source, number }) => latest.get(source) === number)),
    "every reader has the last event of every node",
  );
}

async function allWell() {
  await until(
    async () => (await Promise.all(nodes.map((node) => node.isWell()))).every(Boolean),
    "all nodes are well",
  );
}

/** Writes the account, also of a run that failed, and ends the process. */
async function conclude() {
  const result = {
    seed: options.seed,
    minutes: options.minutes,
    date: new Date().toISOString().slice(0, 10),
    redis: await redisVersion(),
    nodes: await Promise.all(nodes.map(async ({ kind, errors, lastError }) => ({
      kind,
      version: await version(pathOf(kind, options[kind])),
      errors,
      lastError,
    }))),
    readers: readers.length,
    hops: readers.reduce((sum, { hops }) => sum + hops, 0),
    refused: nodes.reduce((sum, { refused }) => sum + refused, 0),
    faults,
    ...account.settle(),
    failure,
  };
  mkdirSync(options.out, { recursive: true });
  writeFileSync(`${options.out}/chaos.json`, `${JSON.stringify(result, null, 2)}\n`);
  writeFileSync(`${options.out}/chaos.md`, markdown(result));
  console.log(table(result));
  for (const example of result.examples) console.log(example);
  process.exit(isClean(result) ? 0 : 1);
}

async function redisVersion() {
  const { stdout } = await promisify(execFile)("redis-server", ["--version"]);
  return /v=(\S+)/.exec(stdout)[1];
}

function seconds(milliseconds) {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string", default: `${Math.floor(Math.random() * 1_000_000)}` },
      out: { type: "string", default: "results" },
      // Only faults whose name contains this, to look for a cause.
      faults: { type: "string", default: "" },
      ...Object.fromEntries(RUNTIMES.map((kind) => [kind, { type: "string" }])),
    },
  });
  const { out, ...paths } = values;
  const minutes = Number(values.minutes);
  const seed = Number(values.seed);
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, received ${values.minutes}`);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new Error(`--seed must be a whole number from 0, received ${values.seed}`);
  }
  if (!Object.keys(FAULTS).some((name) => name.includes(values.faults))) {
    throw new Error(
      `--faults: there is none with "${values.faults}" in its name; there are: ${
        Object.keys(FAULTS).join(", ")
      }`,
    );
  }
  return { ...paths, minutes, seed, out: fileURLToPath(new URL(`../${out}/`, import.meta.url)) };
}
