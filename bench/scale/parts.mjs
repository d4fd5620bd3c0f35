/**
 * What is measured at scale, each on one runtime: one process that holds as many connections as it may, several of them over
 * Redis, many topics, and what a second core brings.
 */
import { startEngine } from "../harness/engines.mjs";
import { startLoad, startServer } from "../harness/processes.mjs";
import { clientsBecome, clockDifference, metered, sleep } from "../scenarios/steps.mjs";
import { startSharing } from "./cluster.mjs";

// From so many of this machine's addresses clients connect: one has some 28,000 ports.
const ADDRESSES = 8;
// What a process needs once is there after so many clients, who leave again.
const WARM_UP = 200;
const SETTLE = 1_000;
const EVENTS = 3;
const SAMPLE = 500;
const START = { file: "tidings", bytes: 150, keepalive: true, history: 0 };
const LONG = { limit: 600_000 };

/** A server, or several, each with a load process of its own. */
async function withPairs({ command }, count, start, work) {
  const servers = Array.from({ length: count }, () => startServer(command));
  const loads = Array.from({ length: count }, startLoad);
  try {
    const started = await Promise.all(servers.map(({ remote }) => remote.ask("start", start)));
    return await work(
      started.map(({ port }, i) => ({ server: servers[i].remote, load: loads[i].remote, port })),
    );
  } finally {
    await Promise.all([...servers, ...loads].map(({ stop }) => stop()));
  }
}

/** One process, on which nothing is said most of the time. */
export function one(runtime, { connections, seconds, storm }) {
  const start = { ...START, longestLife: 1_000 * seconds + storm + 1_200_000 };
  return withPairs(runtime, 1, start, async ([pair]) => {
    await warmUp(pair);
    const accepted = await fill(pair, connections);
    const events = await eventToAll([pair]);
    const idle = await idleFor(pair, { connections, seconds });
    const storming = await stormOf(pair, storm);
    const after = await eventToAll([pair], 1, 0);
    const sizes = { connections, seconds, within: storm };
    return { ...sizes, ...accepted, ...events, ...idle, ...storming, lastAfterStorm: after.last };
  });
}

/** Several processes over Redis: what is published in the first one is for the clients of all. */
export async function several(runtime, { connections, processes, clusterSeconds: seconds }) {
  const engine = await startEngine("redis");
  const start = {
    ...{ ...START, engine: { name: "redis", address: engine.address } },
    longestLife: 1_000 * seconds + 1_200_000,
  };
  try {
    return await withPairs(runtime, processes, start, async (pairs) => {
      // All of them before any is filled: what is published to warm one up is for the others' clients, too.
      for (const pair of pairs) await warmUp(pair);
      const filled = [];
      for (const pair of pairs) filled.push(await fill(pair, connections));
      const events = await eventToAll(pairs);
      const idle = await Promise.all(pairs.map((pair) => idleFor(pair, { connections, seconds })));
      const mean = (all, key) => all.reduce((sum, each) => sum + each[key], 0) / all.length;
      return {
        ...{ processes, connections: processes * connections, ...events },
        ...Object.fromEntries(["memory", "rate", "acceptCpu"].map((key) => [key, mean(filled, key)])),
        idleCpu: mean(idle, "idleCpu"),
      };
    });
  } finally {
    await engine.stop();
  }
}

/** Many topics, each with as many clients: how long a message takes to them. */
export function topics(runtime, { topicClients, topicCount, topicRate, topicSeconds }) {
  return withPairs(runtime, 1, { ...START, keepalive: false, longestLife: 1_200_000 }, async ([pair]) => {
    const { server, load, port } = pair;
    const count = topicClients / topicCount;
    for (let n = 0; n < topicCount; n++) {
      await load.ask("open", { port, path: `/?topic=t${n}`, count, time: true, addresses: ADDRESSES }, LONG);
    }
    await clientsBecome(server, topicClients);
    const ahead = await clockDifference(server, load);
    // Each topic has as many.
    const turns = Math.ceil(topicRate * topicSeconds / topicCount) * topicCount;
    let times;
    const { cpu } = await metered(server, async () => {
      ({ times } = await server.ask(
        "pace",
        { turns, every: 1_000 / topicRate, count: 1, topics: topicCount },
        LONG,
      ));
      await load.ask("reach", { events: turns / topicCount });
    });
    const { count: deliveries, delays: [p50, p99, most] } = await load.ask("topicDelays", {
      ...{ published: times.map((time) => time + ahead), topics: topicCount, quantiles: [0.5, 0.99, 1] },
    });
    if (deliveries !== turns * count) throw new Error(`${deliveries} deliveries of ${turns * count}`);
    return {
      clients: topicClients,
      topics: topicCount,
      rate: topicRate,
      p50,
      p99,
      most,
      cpu: cpu / deliveries,
    };
  });
}

/** One process, and two that share its port: how many deliveries a second there are when each turn waits for the last one. */
export async function cores(runtime, { coreClients, coreSeconds }) {
  const alone = await flatOut(runtime, 1, { coreClients, coreSeconds });
  const both = await flatOut(runtime, 2, { coreClients, coreSeconds });
  return { clients: coreClients, alone, both, gain: both.rate / alone.rate };
}

async function flatOut(runtime, count, { coreClients: clients, coreSeconds: seconds }) {
  const { servers, port, stop } = await startSharing(runtime, count, { ...START, keepalive: false });
  // One load process: the more there are, the less the servers get of two cores.
  const load = startLoad();
  try {
    await load.remote.ask("open", { port, path: "/", count: clients, addresses: ADDRESSES }, LONG);
    const sizes = await Promise.all(servers.map(async (server) => (await server.ask("meter")).clients));
    const turns = async (milliseconds, before) => {
      const end = performance.now() + milliseconds;
      let done = 0;
      while (performance.now() < end) {
        for (const server of servers) server.tell("turn", { count: 1 });
        await load.remote.ask("reach", { events: before + ++done });
      }
      return done;
    };
    const before = await turns(1_000, 0);
    const begin = performance.now();
    let done = 0;
    const meters = () => Promise.all(servers.map(async (server) => (await server.ask("meter")).cpu));
    const used = await meters();
    done = await turns(1_000 * seconds, before);
    const taken = (performance.now() - begin) / 1_000;
    const cpu = (await meters()).reduce((sum, each, i) => sum + each - used[i], 0);
    return { sizes, rate: clients * done / taken, cpu: cpu / (clients * done) };
  } finally {
    await load.stop();
    await stop();
  }
}

/** Some come, receive an event, and leave. */
async function warmUp({ server, load, port }) {
  await load.ask("open", { port, path: "/", count: WARM_UP });
  server.tell("turn", { count: 1 });
  await load.ask("reach", { events: 1 });
  await load.ask("leave");
  await clientsBecome(server, 0);
}

/** Connects so many, 100 at a time, and tells what that took, and the memory that each holds. */
async function fill({ server, load, port }, count) {
  const before = await server.ask("meter", { collect: true });
  let taken;
  const { cpu } = await metered(server, async () => {
    const begin = performance.now();
    await load.ask("open", { port, path: "/", count, addresses: ADDRESSES }, LONG);
    taken = (performance.now() - begin) / 1_000;
    await clientsBecome(server, count);
  });
  await sleep(SETTLE);
  const after = await server.ask("meter", { collect: true }, LONG);
  return { memory: (after.rss - before.rss) / count, rate: count / taken, acceptCpu: cpu / count };
}

/** One event to all clients of all servers: milliseconds until the last has it, the median of some. */
async function eventToAll(pairs, times = EVENTS, had = 0) {
  const [{ server }] = pairs;
  const lasts = [];
  let used = 0;
  for (let n = 1; n <= times; n++) {
    const ahead = await Promise.all(pairs.map(({ load }) => clockDifference(server, load)));
    const meters = () => Promise.all(pairs.map(async ({ server }) => (await server.ask("meter")).cpu));
    const before = await meters();
    const { times: [published] } = await server.ask("pace", { turns: 1, every: 1, count: 1 }, LONG);
    const reached = await Promise.all(pairs.map(({ load }) => load.ask("reach", { events: had + n }, LONG)));
    used += (await meters()).reduce((sum, cpu, i) => sum + cpu - before[i], 0);
    lasts.push(Math.max(...reached.map(({ at }, i) => at - ahead[i] - published)));
  }
  const { clients } = await server.ask("meter");
  lasts.sort((a, b) => a - b);
  return { last: lasts[times >> 1], eventCpu: used / (times * clients * pairs.length) };
}

/** Nothing is said for so long, but for keepalives: CPU, in milliseconds a second, and what each client received. */
async function idleFor({ server, load }, { connections, seconds }) {
  const before = await load.ask("total");
  const { cpu } = await metered(server, () => sleep(1_000 * seconds));
  const after = await load.ask("total");
  const { rss, clients } = await server.ask("meter", { collect: true }, LONG);
  if (clients !== connections) throw new Error(`${clients} of ${connections} connections are left`);
  return {
    idleCpu: cpu / 1_000 / seconds,
    idleBytes: (after.bytes - before.bytes) / connections,
    idleRss: rss,
  };
}

/** All lose their connection, and come back within so many milliseconds, with the id of the last event that they had. */
async function stormOf({ server, load, port }, within) {
  const { events } = await load.ask("received");
  const headers = { "Last-Event-ID": events.at(-1).id };
  let most = 0;
  const sampling = setInterval(async () => {
    const { rss } = await server.ask("meter").catch(() => ({ rss: 0 }));
    most = Math.max(most, rss);
  }, SAMPLE);
  let storm;
  try {
    const { cpu } = await metered(server, async () => {
      storm = await load.ask("storm", {
        ...{ within, port, path: "/", headers, addresses: ADDRESSES, quantiles: [0.5, 0.99, 1] },
      }, LONG);
    });
    const { milliseconds, refused, waits: [stormP50, stormP99, stormMost] } = storm;
    return { storm: milliseconds, refused, stormP50, stormP99, stormMost, stormCpu: cpu, stormRss: most };
  } finally {
    clearInterval(sampling);
  }
}
