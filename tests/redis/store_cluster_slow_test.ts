// Tests what streams in a Redis Cluster bear: slots that move, primaries that step down or die; and what they cost there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { redisStore, type StreamStore } from "../../lib/redis/mod.ts";
import { crc16 } from "../../lib/redis/slots.ts";
import { noRedis } from "../support/redis.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { clusterKinds, type OpenClient } from "../support/redis_clients.ts";
import { StoreReader } from "../support/store_reader.ts";
import { sleep, until } from "../support/wait.ts";

const LEASE = 60_000;
const KEEP = 60_000;
const frame = (text: string | number) => `data: ${text}\n\n`;
const numbers = (count: number) => Array.from({ length: count }, (_, i) => frame(i + 1));

let redis: RedisCluster;
before(async () => {
  if (!noRedis) redis = await RedisCluster.start({ replicas: true });
});
after(async () => {
  if (!noRedis) await redis.stop();
});

interface Place {
  readonly prefix: string;
  open(): StreamStore;
}

let made = 0;
function check(what: string, run: (place: Place) => Promise<void>): void {
  for (const kind of clusterKinds) {
    test(`${kind.name}: ${what}`, { skip: noRedis, timeout: 60_000 }, async () => {
      const clients: OpenClient[] = [];
      const stores: StreamStore[] = [];
      const prefix = `p${made++}`;
      try {
        await run({
          prefix,
          open() {
            const client = kind.open(redis.ports);
            clients.push(client);
            const store = redisStore(client.client, { prefix });
            stores.push(store);
            return store;
          },
        });
      } finally {
        for (const store of stores) store.close();
        for (const client of clients) client.close();
      }
    });
  }
}

const create = (store: StreamStore, id: string) =>
  store.create(id, { epoch: "e", owner: "a", token: `a:${id}`, lease: LEASE, keep: KEEP });

/** Appends until it is acknowledged, as an owner does. */
async function insist(store: StreamStore, id: string, first: number, frames: readonly string[]) {
  for (;;) {
    try {
      const appended = await store.append(id, {
        token: `a:${id}`,
        lease: LEASE,
        keep: KEEP,
        first,
        frames,
        trim: 0,
      });
      assert.equal(appended.written, true);
      return appended;
    } catch (error) {
      if ((error as { code?: string }).code !== "backplane-unavailable") throw error;
      await sleep(20);
    }
  }
}

/** The key of a stream's head. */
const keyOf = (prefix: string, id: string) => `${prefix}:{${prefix}.${crc16(id) % 16}}:stream:${id}`;

/** Waits until so many processes are counted as readers. */
async function counted(store: StreamStore, id: string, readers: number): Promise<void> {
  let found: number | undefined;
  for (let i = 0; i < 1_000 && found !== readers; i++) {
    found = await store.read(id, Infinity, 1).then((page) => page?.head.readers, () => undefined);
    await sleep(10);
  }
  assert.equal(found, readers);
}

check("a slot that moves while a stream is written: nothing lost, and readers are counted", async (place) => {
  const [owner, other] = [place.open(), place.open()];
  await create(owner, "one");
  const reader = new StoreReader(other, "one");
  const key = keyOf(place.prefix, "one");
  let next = 1;
  const write = async (count: number) => {
    for (const to = next + count; next < to; next++) await insist(owner, "one", next, [frame(next)]);
  };
  await write(20);
  await counted(owner, "one", 1);
  const [from, to] = [await redis.owner(key), await redis.other(key)];
  for (const target of [to, from]) {
    await redis.beginMove(key, target);
    const writing = write(20);
    await redis.moveKeys(key, target);
    await redis.endMove(key, target);
    await writing;
    await write(20);
    await reader.has(next - 1);
    await counted(owner, "one", 1);
  }
  // What is appended is told again, and not looked for.
  await write(1);
  await reader.has(next - 1);
  const { reads } = reader;
  await write(20);
  await reader.has(next - 1);
  assert.equal(reader.reads, reads);
  assert.deepEqual(reader.frames, numbers(next - 1));
  reader.stop();
});

check("an old primary that steps down is left by its readers too", async (place) => {
  const [owner, other] = [place.open(), place.open()];
  await create(owner, "one");
  const reader = new StoreReader(other, "one");
  await insist(owner, "one", 1, [frame(1)]);
  await counted(owner, "one", 1);
  const primary = await redis.owner(keyOf(place.prefix, "one"));
  const replica = await redis.replicaOf(primary);
  await replica.command("CLUSTER", "FAILOVER");
  await redis.promoted(replica);
  await redis.healthy();
  // The old one would go on to tell what it hears of the new one, where nobody would be counted.
  await counted(owner, "one", 1);
  await insist(owner, "one", 2, [frame(2)]);
  await reader.has(2);
  assert.deepEqual(reader.frames, numbers(2));
  reader.stop();
});

check("a primary that is killed while streams are written: its replica goes on", async (place) => {
  const [owner, other] = [place.open(), place.open()];
  const ids = Array.from({ length: 8 }, (_, i) => `s${i}`);
  const readers = ids.map((id) => new StoreReader(other, id));
  for (const id of ids) await create(owner, id);
  const primary = await redis.owner(keyOf(place.prefix, "s0"));
  const replica = await redis.replicaOf(primary);
  let isKilled = false;
  let last = 100;
  const writing = Promise.all(ids.map(async (id) => {
    for (let next = 1; next <= last; next++) {
      await insist(owner, id, next, [frame(next)]);
      await sleep(2);
      if (!isKilled) last = Math.max(last, next + 50);
    }
  }));
  try {
    await sleep(100);
    // After its first copy a replica is sent nothing until its primary has heard of it; from here on all flows.
    await replica.caughtUp(primary);
    await primary.kill();
  } finally {
    // Or they would write for ever.
    isKilled = true;
  }
  await redis.promoted(replica);
  await writing;
  for (const [index, reader] of readers.entries()) {
    await reader.has(last);
    assert.deepEqual(reader.frames, numbers(last));
    await counted(owner, ids[index]!, 1);
    reader.stop();
  }
  await primary.run();
  await redis.healthy();
});

check("a process has one connection for commands and one for Pub/Sub to each node", async (place) => {
  const [owner, other] = [place.open(), place.open()];
  const ids = Array.from({ length: 60 }, (_, i) => `s${i}`);
  await sleep(300);
  const before = await redis.connections();
  const listening = async () => {
    let sum = 0;
    for (const server of redis.nodes) {
      sum += (await server.command("CLIENT", "LIST", "TYPE", "pubsub")).split("\n").filter(Boolean).length;
    }
    return sum;
  };
  const subscribers = await listening();
  for (const id of ids) await create(owner, id);
  const told: string[] = [];
  const disown = owner.own("a", (id) => told.push(id));
  const readers = ids.map((id) => new StoreReader(other, id));
  await Promise.all(ids.map((id) => insist(owner, id, 1, [frame(1)])));
  for (const reader of readers) await reader.has(1);
  for (const id of ids) await counted(owner, id, 1);
  assert.equal(await redis.connections() - before, 2 * 3);
  assert.equal(await listening() - subscribers, 1 + 3);
  assert.deepEqual(await other.overdue(), []);
  // Whoever owns streams in any slot is told.
  for (const id of ids) await other.end(id, { state: "stopped", keep: KEEP });
  await until(() => told.length === ids.length, "the owner is told of each");
  for (const reader of readers) {
    await until(() => reader.head?.state === "stopped", "the end was read");
    reader.stop();
  }
  disown();
});

check("an append is one command, and is told to the nodes of its slot alone", async (place) => {
  const [owner, other] = [place.open(), place.open()];
  await create(owner, "one");
  const reader = new StoreReader(other, "one");
  await insist(owner, "one", 1, [frame(1)]);
  await reader.has(1);
  await counted(owner, "one", 1);
  await reader.hasLooked();
  const primary = await redis.owner(keyOf(place.prefix, "one"));
  for (const server of redis.nodes) await server.command("CONFIG", "RESETSTAT");
  for (let next = 2; next <= 101; next++) {
    const appended = await insist(owner, "one", next, [frame(next)]);
    assert.deepEqual(appended, { written: true, readers: 1 });
  }
  await reader.has(101);
  const calls = await primary.calls();
  assert.equal(calls["evalsha"], 100, JSON.stringify(calls));
  assert.equal(calls["spublish"], 100);
  for (const server of redis.nodes) assert.equal((await server.calls())["publish"], undefined);
  assert.deepEqual(reader.frames, numbers(101));
  reader.stop();
});

check("leases that are over are found in all slots", async (place) => {
  const store = place.open();
  const ids = Array.from({ length: 60 }, (_, i) => `s${i}`);
  for (const id of ids) {
    await store.create(id, { epoch: "e", owner: "a", token: `a:${id}`, lease: 1, keep: KEEP });
  }
  await sleep(5);
  assert.deepEqual([...await store.overdue()].sort(), [...ids].sort());
});
