/**
 * Measures `npx tidings hub`: publishes a second, what a delivery costs beside a Broadcaster, memory and delay.
 *
 *     npm run hub -- --runtimes node,bun --history memory
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildTidings } from "../harness/build.mjs";
import { cpuOf } from "../harness/cpu.mjs";
import { forkNode, startLoad, startServer } from "../harness/processes.mjs";
import { command, pathOf, RUNTIMES, version } from "../harness/runtimes.mjs";
import { connect, metered, publishTurns, sleep } from "../scenarios/steps.mjs";
import { startHub, token } from "./process.mjs";

const CLIENTS = 1_000;
const IDLE = 5_000;
const POSTS = 20_000;
const LISTS = 1_000;
const PER_LIST = 50;
const AT_ONCE = 32;
// The clients count this mark at the end of each event's data.
const DATA = `${JSON.stringify({ amount: 12.3, text: "x".repeat(110) })}~`;
// One of them alone tells little: see how far they lie apart.
const ROUNDS = 7;
const LONG = { limit: 300_000 };

const { values } = parseArgs({
  options: {
    runtimes: { type: "string", default: RUNTIMES.join() },
    history: { type: "string", default: "memory,sqlite" },
    out: { type: "string", default: "results" },
    ...Object.fromEntries(RUNTIMES.map((kind) => [kind, { type: "string" }])),
  },
});
const root = fileURLToPath(new URL("../..", import.meta.url));
execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: root, stdio: "inherit" });
await buildTidings();
const work = mkdtempSync(join(tmpdir(), "tidings-bench-hub-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const results = { date: new Date().toISOString(), versions: {}, figures: {} };
for (const kind of values.runtimes.split(",")) {
  const path = pathOf(kind, values[kind]);
  const runtime = command(kind, path);
  results.versions[kind] = await version(path);
  for (const history of values.history.split(",")) {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push(await measure(runtime, history, `${kind}-${round}`));
      process.stderr.write(`${kind} ${history}  ${JSON.stringify(rounds.at(-1))}\n`);
    }
    const names = Object.keys(rounds[0]);
    const medians = Object.fromEntries(
      names.map((name) => [name, median(rounds.map((each) => each[name]))]),
    );
    (results.figures[kind] ??= {})[history] = { ...medians, load: loadavg()[0] };
    const folder = fileURLToPath(new URL(`../${values.out}/`, import.meta.url));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "hub.json"), `${JSON.stringify(results, null, 2)}\n`);
  }
}
process.exit(0);

async function measure(runtime, history, name) {
  const args = history === "memory" ? ["--memory"] : ["--data", join(work, `${name}.db`)];
  return {
    ...await withHub(runtime, args, published),
    ...await withHub(runtime, args, delivered),
    broadcaster: await broadcaster(runtime),
    ...await withHub(runtime, args, kept),
  };
}

async function withHub(runtime, args, work) {
  const hub = await startHub(runtime, args);
  const load = startLoad();
  const publisher = forkNode("publisher", "hub/publisher.mjs");
  try {
    return await work({ hub, load: load.remote, publisher: publisher.remote });
  } finally {
    await Promise.all([load.stop(), publisher.stop(), hub.stop()]);
  }
}

function match(topic) {
  return `/.well-known/mercure?match=${encodeURIComponent(`https://bench.example/${topic}`)}`;
}

/** Publishes a second to clients of which each has a topic of its own; by forms, and in lists. */
async function published({ hub, load, publisher }) {
  for (let i = 0; i < CLIENTS; i++) {
    await load.ask("open", { port: hub.port, path: match(`t/${i}`), count: 1 });
  }
  const where = { port: hub.port, token: token(), topics: CLIENTS, data: DATA };
  const run = async (options) => {
    const before = { ...await load.ask("total"), cpu: cpuOf(hub.pid) };
    const { milliseconds } = await publisher.ask("publish", { ...where, ...options }, LONG);
    const updates = options.posts * options.perPost;
    await load.ask("reach", { events: before.events / CLIENTS + updates / CLIENTS }, LONG);
    return { rate: 1_000 * updates / milliseconds, cpu: (cpuOf(hub.pid) - before.cpu) / updates };
  };
  await run({ posts: CLIENTS, perPost: 1, atOnce: AT_ONCE });
  const single = await run({ posts: POSTS, perPost: 1, atOnce: AT_ONCE });
  const lists = await run({ posts: LISTS, perPost: PER_LIST, atOnce: 4 });
  return { rate: single.rate, cpuPublish: single.cpu, listRate: lists.rate, cpuListed: lists.cpu };
}

/** What a delivery costs when all clients have the same topic, one update at a time; and how long it takes. */
async function delivered({ hub, load, publisher }) {
  await load.ask("open", { port: hub.port, path: match("t/0"), count: CLIENTS });
  const where = { port: hub.port, token: token(), topics: 1, data: DATA, perPost: 1, atOnce: 1 };
  let events = 0;
  const turns = async (count) => {
    for (let i = 0; i < count; i++) {
      await publisher.ask("publish", { ...where, posts: 1 });
      await load.ask("reach", { events: ++events });
    }
  };
  await turns(50);
  const before = cpuOf(hub.pid);
  await turns(200);
  const delivery = (cpuOf(hub.pid) - before) / (200 * CLIENTS);
  const { waits: [p50, p99] } = await publisher.ask("delays", {
    ...{ port: hub.port, token: where.token, count: 500, every: 5, quantiles: [0.5, 0.99] },
  }, LONG);
  return { delivery, p50, p99 };
}

/** The same by a Broadcaster, in whose process the messages are made. */
async function broadcaster(runtime) {
  const server = startServer(runtime);
  const load = startLoad();
  try {
    const start = { file: "tidings", bytes: DATA.length, keepalive: true, history: 0 };
    const { port } = await server.remote.ask("start", start);
    const context = { server: server.remote, load: load.remote, port, contender: {} };
    await connect(context, { count: CLIENTS });
    const received = await publishTurns(context, { turns: 50, perTurn: 1 });
    const { cpu } = await metered(context.server, async () => {
      await publishTurns(context, { turns: 200, perTurn: 1, received });
    });
    return cpu / (200 * CLIENTS);
  } finally {
    await Promise.all([server.stop(), load.stop()]);
  }
}

/** Kilobytes that a connection takes on which nothing is said. */
async function kept({ hub, load }) {
  const open = (count) =>
    load.ask("open", { port: hub.port, path: match("idle"), count, addresses: 2 }, LONG);
  const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${hub.pid}/status`, "utf8"))[1]);
  await open(500);
  await sleep(1_000);
  const before = memory();
  await open(IDLE);
  await sleep(2_000);
  return { memory: (memory() - before) / IDLE };
}
