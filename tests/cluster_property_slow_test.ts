// SEEDS=5000 runs more of them, SEED=17 that one, AT_ONCE=40 more at a time.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackplaneEntry } from "../lib/backplane.ts";
import { connectorOf } from "../lib/redis/clients.ts";
import { type RedisConnection, type RedisConnector, redisStreams } from "../lib/redis/mod.ts";
import { readEntries } from "../lib/redis/reply.ts";
import { checkProperty, type FaultyLog, type Outcome } from "./support/cluster_property.ts";
import { MemoryLog } from "./support/memory_backplane.ts";
import { noRedis, RedisServer } from "./support/redis.ts";
import { clientKinds } from "./support/redis_clients.ts";

const seeds = process.env.SEED !== undefined
  ? [Number(process.env.SEED)]
  : Array.from({ length: Number(process.env.SEEDS ?? 200) }, (_, seed) => seed);

const AT_ONCE = Number(process.env.AT_ONCE ?? 20);
const LIMIT = 60_000 + 2_000 * seeds.length;

function memoryLog(): Promise<FaultyLog> {
  const log = new MemoryLog();
  const change = (run: () => void) => {
    const before = log.entries.slice();
    run();
    const left = new Set(log.entries);
    return Promise.resolve(before.filter((entry) => !left.has(entry)));
  };
  return Promise.resolve({
    join: () => log.backplane(),
    dump: () => Promise.resolve(log.entries),
    trim: (keep) => change(() => log.trim(keep)),
    loseTail: (count) => change(() => log.loseTail(count)),
    wipe: () => change(() => log.wipe()),
    disconnect: () => Promise.resolve(log.disconnect()),
    loseAcks: (count) => log.loseAcks(count),
    isQuiet: () => Promise.resolve(log.readers === 0),
    close: () => Promise.resolve(),
  });
}

let runs = 0;

/** A stream of its own for each plan, in a Redis that all share; connections are broken for real. */
function redisLog(server: RedisServer, operator: RedisConnection): FaultyLog {
  const key = `plan-${runs++}`;
  // The client's kinds take turns.
  const { open } = clientKinds[runs % clientKinds.length]!;
  const { client, close } = open(server.url);
  const connector = connectorOf(client)!;
  const own = new Set<string>();
  let acksToLose = 0;
  const named: RedisConnector = {
    async open() {
      const connection = await connector.open();
      const id = String(await connection.send(["CLIENT", "ID"]));
      own.add(id);
      return {
        async send(command) {
          const reply = await connection.send(command);
          if (command[0] !== "XADD" || acksToLose === 0) return reply;
          acksToLose--;
          await operator.send(["CLIENT", "KILL", "ID", id]);
          throw new Error("the connection broke before the acknowledgement came");
        },
        close() {
          own.delete(id);
          connection.close();
        },
      };
    },
  };
  // What is destroyed is read in the same step, for nothing may come in between.
  const destroy = async (script: string, ...args: string[]) => {
    const all = "local before = redis.call('XRANGE', KEYS[1], '-', '+') ";
    const reply = await operator.send(["EVAL", `${all}${script} return before`, "1", key, ...args]);
    // An id may be given again in the same millisecond.
    const name = ({ id, messageId }: BackplaneEntry) => `${id} ${messageId}`;
    const left = new Set(readEntries(await operator.send(["XRANGE", key, "-", "+"])).map(name));
    return readEntries(reply).filter((entry) => !left.has(name(entry)));
  };
  return {
    join: () => redisStreams(named, { key, maxLength: Infinity }),
    dump: async () => readEntries(await operator.send(["XRANGE", key, "-", "+"])),
    trim: (keep) => destroy("redis.call('XTRIM', KEYS[1], 'MAXLEN', ARGV[1])", `${keep}`),
    loseTail: (count) =>
      destroy(
        "for i = #before, math.max(1, #before - ARGV[1] + 1), -1 do redis.call('XDEL', KEYS[1], before[i][1]) end",
        `${count}`,
      ),
    wipe: () => destroy("redis.call('DEL', KEYS[1])"),
    async disconnect() {
      for (const id of own) await operator.send(["CLIENT", "KILL", "ID", id]);
    },
    loseAcks(count) {
      acksToLose = count;
    },
    isQuiet: () => Promise.resolve(own.size === 0),
    close: () => Promise.resolve(close()),
  };
}

async function checkAll(make: () => Promise<FaultyLog>, atOnce: number): Promise<Outcome> {
  const sum: Outcome = { published: 0, received: 0, gaps: 0, destroyed: 0, doubled: 0 };
  const queue = [...seeds];
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
      const outcome = await checkProperty(seed, await make());
      for (const name of Object.keys(sum) as (keyof Outcome)[]) sum[name] += outcome[name];
    }
  }));
  assert.ok(sum.gaps > 0 && sum.destroyed > 0 || seeds.length < 20, "the plans did no harm");
  console.log(`seeds ${seeds[0]} to ${seeds.at(-1)}: ${JSON.stringify(sum)}`);
  return sum;
}

const what = `what was published was received, or a gap told of it: ${seeds.length} plans of faults`;

test(`memory: ${what}`, { timeout: LIMIT }, async () => {
  await checkAll(memoryLog, AT_ONCE);
});

test(`Redis: ${what}`, { timeout: LIMIT, skip: noRedis }, async () => {
  const server = await RedisServer.start();
  const { client, close } = clientKinds[0]!.open(server.url);
  const operator = await connectorOf(client)!.open();
  try {
    await checkAll(() => Promise.resolve(redisLog(server, operator)), AT_ONCE);
  } finally {
    operator.close();
    close();
    await server.stop();
  }
});
