// Tests what is told of a Redis Cluster: to clients that are for one server, and when a part of it is away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { redisStore, redisStreams, TidingsError } from "../../lib/redis/mod.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { ClusterConnector, type NodeConnector } from "../../lib/redis/cluster.ts";
import { noRedis } from "../support/redis.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { clientKinds, clusterKinds } from "../support/redis_clients.ts";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { sleep, within } from "../support/wait.ts";

const message = { messageId: "one", payload: "payload" };
const stream = { epoch: "e", owner: "a", token: "a:1", lease: 60_000, keep: 60_000 };

let redis: RedisCluster;
before(async () => {
  if (!noRedis) redis = await RedisCluster.start();
});
after(async () => {
  if (!noRedis) await redis.stop();
});

/** Checks an error: what it says, and whether trying again may help. */
function told(code: string, words: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof TidingsError, String(error));
    assert.match(error.message, words);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

for (const { name, open } of clientKinds) {
  test(`${name}: a client of one node is refused, with what to hand over`, { skip: noRedis }, async () => {
    const { client, close } = open((await redis.other("market")).url);
    const backplane = redisStreams(client, { stream: "market" });
    const store = redisStore(client);
    try {
      await assert.rejects(
        backplane.append(message),
        told(
          "backplane-refused",
          /another node of a cluster\. Hand over a client for the cluster: .*createCluster/,
        ),
      );
      await assert.rejects(
        store.create("one", stream),
        told("backplane-refused", /cannot touch all keys\. Hand over a client for the cluster/),
      );
    } finally {
      backplane.close!();
      store.close();
      close();
    }
  });
}

for (const { name, open } of clusterKinds) {
  test(`${name}: a cluster that is not there is told in time`, { timeout: 60_000 }, async () => {
    const { client, close } = open([await freePort()]);
    const backplane = redisStreams(client, { stream: "market" });
    const store = redisStore(client);
    try {
      const unavailable = told("backplane-unavailable", /cannot be reached|no connection to Redis/);
      await within(assert.rejects(backplane.append(message), unavailable), "it is told", 10_000);
      await within(assert.rejects(backplane.open(), unavailable), "it is told", 10_000);
      await within(assert.rejects(store.create("one", stream), unavailable), "it is told", 10_000);
    } finally {
      store.close();
      close();
    }
  });

  test(`${name}: a hash tag in the prefix puts all into its slot`, { skip: noRedis }, async () => {
    const { client, close } = open(redis.ports);
    const prefix = `{${name}}:answers`;
    const store = redisStore(client, { prefix });
    try {
      for (const id of ["one", "two", "three"]) assert.equal(await store.create(id, stream), true);
      const owner = await redis.owner(prefix);
      assert.equal(await owner.command("ZCARD", `${prefix}:leases`), "3");
    } finally {
      store.close();
      close();
    }
  });
}

test("a client of a cluster need not be connected", { skip: noRedis }, async () => {
  const { createCluster } = await import("redis");
  const { Cluster } = await import("ioredis");
  const clients = [
    createCluster({ rootNodes: redis.ports.map((port) => ({ socket: { host: "127.0.0.1", port } })) }),
    new Cluster(redis.ports.map((port) => ({ host: "127.0.0.1", port })), { lazyConnect: true }),
  ];
  for (const client of clients) {
    const backplane = redisStreams(client, { stream: "idle" });
    await backplane.append(message);
    backplane.close!();
    assert.throws(
      () => redisStore(client, { prefix: "a{}" }),
      (error: unknown) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, /"prefix" must not have braces.*received "a\{\}"/);
        return true;
      },
    );
  }
});

test(
  "ioredis Cluster: its keyPrefix is put before keys, wherever they lie then",
  { skip: noRedis },
  async () => {
    const { Cluster } = await import("ioredis");
    const nodes = redis.ports.map((port) => ({ host: "127.0.0.1", port }));
    const client = new Cluster(nodes, { redisOptions: { keyPrefix: "app:" } });
    const backplane = redisStreams(client, { stream: "market" });
    const store = redisStore(client);
    try {
      const id = await backplane.append(message);
      const reader = await backplane.open();
      assert.deepEqual(await reader.range(id, 2), [{ id, ...message }]);
      reader.close();
      assert.equal(await (await redis.owner("app:market")).command("XLEN", "app:market"), "1");
      let changes = 0;
      const appended = new Promise<void>((resolve) => {
        const unwatch = store.watch("one", {
          appended: () => {
            unwatch();
            resolve();
          },
          changed: () => {
            if (changes++ > 0) return;
            void store.create("one", stream).then(() =>
              store.append("one", { ...stream, first: 1, frames: ["data: 1\n\n"], trim: 0 })
            );
          },
        });
      });
      await within(appended, "what is appended is told");
    } finally {
      backplane.close!();
      store.close();
      client.disconnect();
    }
    const tagged = new Cluster(nodes, { lazyConnect: true, keyPrefix: "{app}:" });
    assert.throws(
      () => redisStore(tagged),
      /no client of a cluster with braces in its "keyPrefix", received "\{app\}:"/,
    );
  },
);

test(
  "ioredis Cluster: nodes at other addresses than they say are found by its natMap",
  { skip: noRedis },
  async () => {
    const { Cluster } = await import("ioredis");
    const natMap = Object.fromEntries(
      redis.ports.map((port) => [`127.0.0.1:${port}`, { host: "localhost", port }]),
    );
    const client = new Cluster([{ host: "localhost", port: redis.ports[0]! }], { natMap });
    const backplane = redisStreams(client, { stream: "mapped" });
    try {
      await backplane.append(message);
      const to = await redis.other("mapped");
      await redis.move("mapped", to);
      await assert.rejects(
        backplane.append(message),
        told("backplane-unavailable", /has moved to another node/),
      );
      // What is sent in the same turn is told the same.
      await sleep(5);
      await backplane.append(message);
      assert.equal(await to.command("XLEN", "mapped"), "2");
    } finally {
      backplane.close!();
      client.disconnect();
    }
  },
);

/** Nodes that answer as they are told: what is tested is what no server can be made to do at a given moment. */
function connectorOver(owner: () => string, answer: (address: string) => Promise<unknown>): ClusterConnector {
  const closed = () => {};
  const subscriber = { subscribe: answer, unsubscribe: answer, ping: () => Promise.resolve(), close: closed };
  const node = (address: string): NodeConnector => ({
    open: () => Promise.resolve({ send: () => answer(address), close: closed }),
    listen: () => Promise.resolve(subscriber as never),
    listenToShard: () => Promise.resolve(subscriber as never),
  });
  return new ClusterConnector({
    keyPrefix: "",
    look: () => Promise.resolve({ owner, node: (at) => Promise.resolve(node(at)), close: closed }),
  }, systemClock);
}

test("a node that no longer owns a slot is left by who listens there, though it says nothing", async () => {
  let owner = "a:1";
  const connector = connectorOver(
    () => owner,
    (at) => at === owner ? Promise.resolve("OK") : Promise.reject(new Error(`MOVED 1 ${owner}`)),
  );
  const connection = await connector.open("key");
  const subscriber = await connector.listenToShard("key", () => {}, () => {});
  await subscriber.ping();
  owner = "b:2";
  await subscriber.ping();
  await assert.rejects(connection.send(["GET", "key"]), /has moved to another node/);
  await assert.rejects(subscriber.ping(), /have moved to another node/);
  const again = await connector.listenToShard("key", () => {}, () => {});
  await again.ping();
});

test("where a node says that a slot has moved is where it is looked for next, once", async () => {
  const asked: string[] = [];
  const answers = new Map([
    ["a:1", new Error("MOVED 1 b:2")],
    ["b:2", new Error("ASK 1 c:3")],
    // A host that is left out is the one that answers, which a client behind a relay does not know.
    ["c:3", new Error("MOVED 1 :4")],
  ]);
  const connector = connectorOver(() => "a:1", (at) => {
    asked.push(at);
    return Promise.reject(answers.get(at)!);
  });
  for (let i = 0; i < 4; i++) {
    const connection = await connector.open("key");
    await assert.rejects(connection.send(["GET", "key"]), TidingsError);
  }
  // The third is told that it is asked.
  assert.deepEqual(asked, ["a:1", "b:2", "c:3", "c:3", "a:1"]);
});
