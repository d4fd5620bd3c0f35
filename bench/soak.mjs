// Soaks the server: for ten minutes, clients stop reading for 20 s and read on. Memory must stay flat, and every client must
// end with the whole sequence, or with gaps that say what is missing.
//   npm run soak -- --runtimes node,bun,deno --minutes 10
import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildTidings } from "./harness/build.mjs";
import { startServer } from "./harness/processes.mjs";
import { command, pathOf, RUNTIMES, version } from "./harness/runtimes.mjs";
import { Follower } from "./load/follower.mjs";

const CLIENTS = 12;
// At any time so many of them do not read.
const STALLED = 3;
const STALL = 20_000;
// 1 MB a second to each client: in 20 s twice what the kernel takes for one that does not read.
const BYTES = 10_000;
const EVERY = 10;
const SAMPLE = 10_000;
// What is only needed once is there by then.
const WARM_UP = 120_000;
// How much more memory may be in use in the last quarter than in the first one after the warm-up, in MB.
const FLAT = 8;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const options = readOptions();
await buildTidings();
const results = await Promise.all(options.runtimes.map(soak));
mkdirSync(options.out, { recursive: true });
writeFileSync(`${options.out}/soak.json`, `${JSON.stringify(results, null, 2)}\n`);
for (const result of results) console.log(verdict(result));
process.exit(results.every(({ faults, growth }) => faults.length === 0 && growth <= FLAT) ? 0 : 1);

async function soak({ kind, path }) {
  const { remote: server, stop } = startServer(command(kind, path));
  const name = `${kind} ${await version(path)}`;
  const length = options.minutes * 60_000;
  const { port } = await server.ask("start", {
    ...{ file: "tidings", bytes: BYTES, keepalive: true, history: 0 },
    longestLife: length + 60_000,
  });
  const followers = Array.from({ length: CLIENTS }, () => new Follower(port));
  await Promise.all(followers.map((follower) => follower.connect()));
  const start = performance.now();
  const elapsed = () => performance.now() - start;
  let published = 0;
  const publishing = setInterval(() => {
    // Late calls are made up for: the rate stays what it is.
    for (const due = elapsed() / EVERY; published < due; published++) server.tell("turn", { count: 1 });
  }, EVERY);
  const stalling = stallInTurn(followers, () => elapsed() < length - STALL - 5_000);
  const samples = [];
  while (elapsed() < length) {
    await sleep(SAMPLE);
    const { rss, live, lagging } = await server.ask("meter", { collect: true });
    const seconds = Math.round(elapsed() / 1000);
    samples.push({ seconds, rss: rss / 2 ** 20, live: live / 2 ** 20, lagging });
    process.stderr.write(
      `${name}: ${seconds} s, ${samples.at(-1).rss.toFixed(1)} MB resident, ` +
        `${samples.at(-1).live.toFixed(1)} MB in use, ${lagging} clients lag\n`,
    );
  }
  clearInterval(publishing);
  const stalls = await stalling;
  for (let waited = 0; waited < 60_000 && followers.some(({ last }) => last < published); waited += 100) {
    await sleep(100);
  }
  for (const follower of followers) follower.leave();
  await stop();
  const sum = (key) => followers.reduce((total, follower) => total + follower[key], 0);
  const faults = followers.flatMap(({ fault, last }) =>
    fault ?? (last === published ? [] : `ended at ${last} of ${published}`)
  );
  return {
    ...{ name, minutes: options.minutes, published, stalls, faults, samples },
    growth: growthOf(samples, "rss"),
    growthInUse: growthOf(samples, "live"),
    ...{
      events: sum("events"),
      gaps: sum("gaps"),
      missed: sum("missed"),
      reconnects: sum("connections") - CLIENTS,
    },
  };
}

/** Round and round: each in turn reads nothing for 20 s, and so many at a time. Resolves to how often that was. */
async function stallInTurn(followers, goesOn) {
  let stalls = 0;
  for (let next = 0; goesOn(); next = (next + STALLED) % followers.length) {
    const some = followers.slice(next, next + STALLED);
    for (const follower of some) follower.pause();
    await sleep(STALL);
    for (const follower of some) follower.resume();
    stalls += some.length;
  }
  return stalls;
}

/** The memory of the last quarter of the time, against that of the first quarter after the warm-up: their medians. */
function growthOf(samples, key) {
  const warm = samples.filter(({ seconds }) => seconds * 1000 > WARM_UP).map((sample) => sample[key]);
  const quarter = Math.max(1, warm.length >> 2);
  return median(warm.slice(-quarter)) - median(warm.slice(0, quarter));
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function verdict(
  {
    name,
    minutes,
    published,
    stalls,
    events,
    gaps,
    missed,
    reconnects,
    growth,
    growthInUse,
    faults,
    samples,
  },
) {
  const range = samples.map(({ rss }) => rss);
  return [
    `${name}: ${minutes} minutes, ${published} messages to ${CLIENTS} clients, ${stalls} stalls of ${
      STALL / 1000
    } s.`,
    `  ${events} events received; ${reconnects} reconnects, ${gaps} gaps that said ${missed} events were missing.`,
    `  Memory ${Math.min(...range).toFixed(1)} to ${Math.max(...range).toFixed(1)} MB; ` +
    `last quarter against first: ${growth.toFixed(1)} MB (at most ${FLAT}): ${
      growth <= FLAT ? "flat" : "NOT FLAT"
    }; in use: ${growthInUse.toFixed(1)} MB.`,
    `  ${
      faults.length === 0
        ? "Every sequence is whole but for what its gaps say"
        : `FAULTS: ${faults.join("; ")}`
    }.`,
  ].join("\n");
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      runtimes: { type: "string", default: RUNTIMES.join() },
      minutes: { type: "string", default: "10" },
      out: { type: "string", default: ".out/soak" },
      ...Object.fromEntries(RUNTIMES.map((kind) => [kind, { type: "string" }])),
    },
  });
  const minutes = Number(values.minutes);
  const kinds = values.runtimes.split(",");
  if (!(minutes > 0)) throw new Error(`--minutes must be a number above 0, received ${values.minutes}`);
  const unknown = kinds.find((kind) => !RUNTIMES.includes(kind));
  if (unknown !== undefined) throw new Error(`--runtimes: there is no "${unknown}"`);
  return {
    minutes,
    out: fileURLToPath(new URL(`${values.out}/`, import.meta.url)),
    runtimes: kinds.map((kind) => ({ kind, path: pathOf(kind, values[kind]) })),
  };
}
