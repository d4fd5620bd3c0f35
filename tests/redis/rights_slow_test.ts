// Tests that nothing is needed which services in the cloud forbid, and that the rights that are documented are enough.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type RedisClient, redisStore, redisStreams, type StreamStore } from "../../lib/redis/mod.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { clientKinds, clusterKinds } from "../support/redis_clients.ts";
import { StoreReader } from "../support/store_reader.ts";
import { until } from "../support/wait.ts";

const [username, password] = ["ann", "secret"];
const [LEASE, KEEP] = [60_000, 60_000];

/** As a managed service has it: all that is not dangerous, and nothing that administers. */
const MANAGED = ["allkeys", "allchannels", "+@all", "-@admin", "-@dangerous", "-config", "-client", "-keys"];
/** What the documentation says, besides what clients send to connect. */
const FOR_STREAMS = "~market +xadd +xrange +xrevrange +xread".split(" ");
const FOR_STORE =
  ("~answers:* &answers:* +eval +evalsha +time +hmget +hset +hdel +hincrby +append +get +del +pexpireat +pttl +xadd " +
    "+xrange +xtrim +zadd +zrem +zrangebyscore +publish +pubsub|numsub +subscribe +unsubscribe +ping").split(
      " ",
    );
const IN_CLUSTER = "+asking +cluster|slots".split(" ");
const STORE_IN_CLUSTER = "+spublish +ssubscribe +sunsubscribe +pubsub|shardnumsub".split(" ");

async function useStreams(client: RedisClient): Promise<void> {
  const backplane = redisStreams(client, { stream: "market", maxAge: 60_000 });
  const id = await backplane.append({ messageId: "m", payload: "p" });
  const reader = await backplane.open();
  assert.equal((await reader.range(id, 2))[0]!.id, id);
  assert.equal((await reader.before(undefined, 2)).at(-1)!.id, id);
  await reader.wait("0-1", 10);
  reader.close();
  backplane.close!();
}

async function useStore(client: RedisClient): Promise<void> {
  const store = redisStore(client, { prefix: "answers" });
  await tryStore(store).finally(() => store.close());
}

async function tryStore(store: StreamStore): Promise<void> {
  const told: string[] = [];
  const disown = store.own("a", (id) => told.push(id));
  for (const token of ["a:1", "a:2"]) {
    const reader = new StoreReader(store, "one");
    await store.create("one", { epoch: token, owner: "a", token, lease: LEASE, keep: KEEP });
    for (let seq = 1; seq <= 3; seq++) {
      const frames = [`data: ${"x".repeat(3_000)}\n\n`];
      const appended = await store.append("one", {
        token,
        lease: seq === 2 ? 0 : LEASE,
        keep: KEEP,
        first: seq,
        frames,
        trim: seq - 1,
      });
      assert.equal(appended.written, true);
      // What is trimmed has been read.
      await reader.has(seq);
      if (seq === 2) {
        assert.deepEqual(await store.overdue(), ["one"]);
        assert.ok(await store.claim("one", { owner: "a", token, lease: LEASE, keep: KEEP }));
      }
    }
    assert.equal((await store.read("one", 0, 100_000))!.head.last, 3);
    assert.equal((await store.end("one", { state: "stopped", keep: KEEP }))!.state, "stopped");
    reader.stop();
  }
  await until(() => told.length === 2, "the owner is told");
  disown();
}

/** Lets the user do so much and no more, tries, and gives what was denied. */
async function denied(
  servers: readonly RedisServer[],
  rules: readonly string[],
  run: () => Promise<void>,
): Promise<string[]> {
  for (const server of servers) {
    await server.command("ACL", "SETUSER", username, "reset", "on", `>${password}`, ...rules);
    await server.command("ACL", "LOG", "RESET");
  }
  await run();
  const objects = new Set<string>();
  for (const server of servers) {
    const lines = (await server.command("ACL", "LOG", "100")).split("\n");
    for (const [index, line] of lines.entries()) if (line === "object") objects.add(lines[index + 1]!);
  }
  return [...objects];
}

/** What clients send of themselves when they connect, and bear to be refused. */
const OF_CLIENTS = [
  "client",
  "client|setinfo",
  "client|setname",
  "client|id",
  "client|maint_notifications",
  "info",
  "cluster|info",
];

function assertHarmless(objects: readonly string[]): void {
  assert.deepEqual(objects.filter((each) => !OF_CLIENTS.includes(each)), []);
}

for (const { name, open } of clientKinds) {
  test(
    `${name}: nothing is sent that a managed service forbids`,
    { skip: noRedis, timeout: 60_000 },
    async () => {
      const server = await RedisServer.start();
      const using = async (use: (client: RedisClient) => Promise<void>) => {
        const { client, close } = open(server.url.replace("//", `//${username}:${password}@`));
        await use(client).finally(close);
      };
      try {
        assertHarmless(
          await denied([server], MANAGED, async () => {
            await using(useStreams);
            await using(useStore);
          }),
        );
        assertHarmless(await denied([server], FOR_STREAMS, () => using(useStreams)));
        await server.command("FLUSHALL");
        assertHarmless(await denied([server], FOR_STORE, () => using(useStore)));
      } finally {
        await server.stop();
      }
    },
  );
}

for (const { name, open } of clusterKinds) {
  test(
    `${name}: nothing is sent that a managed service forbids`,
    { skip: noRedis, timeout: 60_000 },
    async () => {
      const cluster = await RedisCluster.start();
      const using = async (use: (client: RedisClient) => Promise<void>) => {
        const { client, close } = open(cluster.ports, { username, password });
        await use(client).finally(close);
      };
      const { nodes } = cluster;
      try {
        assertHarmless(
          await denied(nodes, MANAGED, async () => {
            await using(useStreams);
            await using(useStore);
          }),
        );
        assertHarmless(await denied(nodes, [...FOR_STREAMS, ...IN_CLUSTER], () => using(useStreams)));
        for (const node of nodes) await node.command("FLUSHALL");
        assertHarmless(
          await denied(nodes, [...FOR_STORE, ...IN_CLUSTER, ...STORE_IN_CLUSTER], () => using(useStore)),
        );
      } finally {
        await cluster.stop();
      }
    },
  );
}
