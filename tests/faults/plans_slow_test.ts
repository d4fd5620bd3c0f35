// Tests random faults, done to a log in memory and to a real Redis: see `support/cluster_plans.ts` for how many, and
// which.
import { systemClock } from "../../lib/base/clock.ts";
import type { BackplaneEntry } from "../../lib/cluster/backplane.ts";
import { connectorOf } from "../../lib/redis/clients.ts";
import { type RedisConnection, type RedisConnector, redisStreams } from "../../lib/redis/mod.ts";
import { readEntries } from "../../lib/redis/reply.ts";
import { clusterPlans } from "../support/cluster_plans.ts";
import type { FaultyLog } from "../support/cluster_property.ts";
import { faultyMemoryLog } from "../support/memory_faults.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { clientKinds } from "../support/redis_clients.ts";

let runs = 0;

/** A stream of its own for each plan, in a Redis that all share; connections are broken for real. */
function redisLog(server: RedisServer, operator: RedisConnection): FaultyLog {
  const key = `plan-${runs++}`;
  // The client's kinds take turns.
  const { open } = clientKinds[runs % clientKinds.length]!;
  const { client, close } = open(server.url);
  const connector = connectorOf(client, systemClock)!;
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
    join: () => redisStreams(named, { stream: key, maxEvents: Infinity }),
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

// Both halves together end before a runner ends the file, after 1,200 s.
const SIZE = { count: 200, atOnce: 20, each: 900 };

clusterPlans({
  name: "memory",
  ...SIZE,
  start: () =>
    Promise.resolve({ make: () => Promise.resolve(faultyMemoryLog()), stop: () => Promise.resolve() }),
});

clusterPlans({
  name: "Redis",
  skip: noRedis,
  ...SIZE,
  async start() {
    const server = await RedisServer.start();
    const { client, close } = clientKinds[0]!.open(server.url);
    const operator = await connectorOf(client, systemClock)!.open();
    return {
      make: () => Promise.resolve(redisLog(server, operator)),
      async stop() {
        operator.close();
        close();
        await server.stop();
      },
    };
  },
});
