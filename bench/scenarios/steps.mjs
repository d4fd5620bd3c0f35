// Takes the steps that several scenarios have in common.

import { checkCpu, cpuOf } from "../harness/cpu.mjs";

const POLL = 20;
const PATIENCE = 60_000;
// When nothing has come for so long, what has not come was dropped.
const QUIET = 50;

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Connects clients, and waits until the server knows of them all. */
export async function connect({ server, load, port }, { count, topic, ...options }) {
  const path = topic === undefined ? "/" : `/?topic=${topic}`;
  const { clients: before } = await server.ask("meter");
  await load.ask("open", { port, path, count, ...options });
  await clientsBecome(server, before + count);
}

export async function clientsBecome(server, count) {
  for (let waited = 0; waited < PATIENCE; waited += POLL) {
    const { clients } = await server.ask("meter");
    if (clients === count) return;
    await sleep(POLL);
  }
  throw new Error(`The server has ${(await server.ask("meter")).clients} clients, not ${count}`);
}

/**
 * Turns, each begun when every client has all of the last one, so that none is put together with another: so many, or for
 * so long, whichever is more. Resolves to how many there were. Of a contender that drops messages (`lossy`) a turn is over
 * when nothing more comes, too.
 */
export async function publishTurns(
  { server, load, contender },
  { turns, perTurn, milliseconds = 0, received = 0 },
) {
  const start = performance.now();
  let done = 0;
  while (done < turns || performance.now() - start < milliseconds) {
    server.tell("turn", { count: perTurn });
    done++;
    if (contender.lossy) await load.ask("settle", { more: perTurn, quiet: QUIET });
    else await load.ask("reach", { events: received + done * perTurn });
  }
  return done;
}

/** What the server used while `work` was done, by its own account, which must be the kernel's, too. */
export async function metered(server, work) {
  const seen = () => cpuOf(server.pid);
  const before = { ...await server.ask("meter"), seen: seen() };
  await work();
  const after = { ...await server.ask("meter"), seen: seen() };
  if (before.seen !== undefined) checkCpu(after.cpu - before.cpu, after.seen - before.seen);
  return { cpu: after.cpu - before.cpu, encodings: after.encodings - before.encodings };
}

/**
 * How far the load process's clock is ahead of the server's, in milliseconds. Each is asked for the time often; the
 * quickest answer is the most exact.
 */
export async function clockDifference(server, load) {
  const offset = async (remote) => {
    let best = { took: Infinity, offset: 0 };
    for (let i = 0; i < 50; i++) {
      const sent = performance.now();
      const { now } = await remote.ask("now");
      const took = performance.now() - sent;
      if (took < best.took) best = { took, offset: now - (sent + took / 2) };
    }
    return best.offset;
  };
  return await offset(load) - await offset(server);
}

/**
 * Publishes at a steady rate, and resolves to how long messages took from `publish` to the client, in milliseconds, and to
 * the number of the last one. Those of the first seconds, `warmUp`, are not counted.
 */
export async function delaysAtRate({ server, load }, { rate, seconds, warmUp }) {
  const publish = (time) => server.ask("pace", { turns: rate * time, every: 1000 / rate, count: 1 });
  const skip = rate * warmUp;
  await publish(warmUp);
  await load.ask("reach", { events: skip });
  const ahead = await clockDifference(server, load);
  const { times } = await publish(seconds);
  const last = skip + times.length;
  await load.ask("reach", { events: last });
  const published = times.map((time) => time + ahead);
  const { delays } = await load.ask("delays", { published, perTurn: 1, skip, quantiles: [0.5, 0.99] });
  return { p50: delays[0], p99: delays[1], last };
}
