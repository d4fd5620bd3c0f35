// Tests what streams in Redis bear: a server that is killed, frozen, flushed or evicts, connections that break or fall silent.
import assert from "node:assert/strict";
import { test } from "node:test";
import { redisStore, type StreamStore } from "../../lib/redis/mod.ts";
import { noRedis, RedisServer, type RedisServerOptions } from "../support/redis.ts";
import { type ClientKind, clientKinds, type OpenClient } from "../support/redis_clients.ts";
import { Relay } from "../support/relay.ts";
import { StoreReader } from "../support/store_reader.ts";
import { turnedClock } from "../support/turned_clock.ts";
import { sleep, until, within } from "../support/wait.ts";

const LEASE = 60_000;
const KEEP = 60_000;
const frame = (text: string | number) => `data: ${text}\n\n`;
const numbers = (count: number) => Array.from({ length: count }, (_, i) => frame(i + 1));

interface Place {
  readonly server: RedisServer;
  readonly kind: ClientKind;
  /** A store as another process would have it. */
  open(options?: Parameters<typeof redisStore>[1], url?: string): StreamStore;
}

function checkWith(
  kinds: readonly ClientKind[],
  what: string,
  options: RedisServerOptions,
  run: (place: Place) => Promise<void>,
): void {
  for (const kind of kinds) {
    test(`${kind.name}: ${what}`, { skip: noRedis, timeout: 60_000 }, async () => {
      const server = await RedisServer.start(options);
      const clients: OpenClient[] = [];
      const stores: StreamStore[] = [];
      try {
        await run({
          server,
          kind,
          open(options, url = server.url) {
            const client = kind.open(url);
            clients.push(client);
            const store = redisStore(client.client, options);
            stores.push(store);
            return store;
          },
        });
      } finally {
        for (const store of stores) store.close();
        for (const client of clients) client.close();
        await server.stop();
      }
    });
  }
}
const check = checkWith.bind(undefined, clientKinds);
/** What no client can change is tested by one. */
const checkOnce = checkWith.bind(undefined, clientKinds.slice(0, 1));

const create = (store: StreamStore, id: string, { token = "a:1", lease = LEASE, keep = KEEP } = {}) =>
  store.create(id, { epoch: `e${token}`, owner: token.split(":")[0]!, token, lease, keep });

const append = (
  store: StreamStore,
  id: string,
  first: number,
  frames: readonly string[],
  { token = "a:1", lease = LEASE, keep = KEEP, trim = 0 } = {},
) => store.append(id, { token, lease, keep, first, frames, trim });

/** How long a server is gone at least, in milliseconds. */
const OUTAGE = 300;

/** Appends until it is acknowledged, as an owner does, and says whether it met a server that was gone: it failed, or waited. */
async function insist(store: StreamStore, id: string, first: number, frames: readonly string[]) {
  const begun = performance.now();
  for (let failures = 0;; failures++) {
    try {
      assert.equal((await append(store, id, first, frames)).written, true);
      return failures > 0 || performance.now() - begun > OUTAGE / 3;
    } catch (error) {
      if ((error as { code?: string }).code !== "backplane-unavailable") throw error;
      await sleep(20);
    }
  }
}

check(
  "a server that is killed and comes back has all, and its readers too",
  { appendOnly: true },
  async ({ server, open }) => {
    const [owner, other] = [open(), open()];
    await create(owner, "one");
    const reader = new StoreReader(other, "one");
    let met = 0;
    let next = 1;
    for (let round = 0; round < 3; round++) {
      const killed = round === 2 ? undefined : sleep(30).then(() => server.kill())
        // Long enough for an append to meet no server, whatever its client makes of that.
        .then(() => sleep(OUTAGE)).then(() => server.run());
      for (let i = 0; i < 100; i++) {
        // Of different lengths, so that a repetition may meet another beginning.
        const frames = numbers(next + i % 3).slice(next - 1);
        if (await insist(owner, "one", next, frames)) met++;
        next += frames.length;
        await sleep(1);
      }
      await killed;
    }
    assert.ok(met > 0, "no append met a server that was gone");
    await reader.has(next - 1);
    assert.deepEqual(reader.frames, numbers(next - 1));
    await owner.end("one", { state: "complete", token: "a:1", keep: KEEP });
    await until(() => reader.head?.state === "complete", "the end was read");
    assert.equal(reader.frames.length, next - 1);
    reader.stop();
  },
);

check("a frozen server is given up in time, and used again", {}, async ({ server, open }) => {
  const [owner, other] = [open(), open()];
  await create(owner, "one");
  const reader = new StoreReader(other, "one");
  await append(owner, "one", 1, [frame(1)]);
  await reader.has(1);
  const { changes } = reader;
  server.freeze();
  try {
    const begun = performance.now();
    await assert.rejects(
      append(owner, "one", 2, [frame(2)]),
      (error: Error) => /cannot be reached/.test(error.message),
    );
    assert.ok(performance.now() - begun < 10_000);
    await until(() => reader.changes > changes, "the reader looks itself");
    assert.ok(performance.now() - begun < 8_000, `${performance.now() - begun} ms`);
  } finally {
    server.thaw();
  }
  await insist(owner, "one", 2, [frame(2)]);
  await insist(owner, "one", 3, [frame(3)]);
  await reader.has(3);
  assert.deepEqual(reader.frames, numbers(3));
  reader.stop();
});

check("scripts that are flushed are sent again", {}, async ({ server, open }) => {
  const store = open();
  await create(store, "one");
  for (let seq = 1; seq <= 4; seq++) {
    await append(store, "one", seq, [frame(seq)]);
    await server.command("SCRIPT", "FLUSH");
  }
  assert.equal((await store.read("one", 0, 1 << 20))!.records.length, 4);
  await server.command("SCRIPT", "FLUSH");
  assert.equal((await store.end("one", { state: "complete", keep: KEEP }))!.last, 4);
});

check("a stream that was flushed away is none, and readers are told", {}, async ({ server, open }) => {
  const [owner, other] = [open(), open()];
  await create(owner, "one");
  await append(owner, "one", 1, [frame(1)]);
  const reader = new StoreReader(other, "one");
  await until(() => reader.head?.last === 1, "it was read");
  await server.command("FLUSHALL");
  assert.deepEqual(await append(owner, "one", 2, [frame(2)]), { written: false, head: undefined });
  await until(() => reader.head === undefined, "the reader knows");
  assert.deepEqual(await owner.overdue(), []);
  assert.equal(await server.command("DBSIZE"), "0");
  assert.equal(await create(owner, "one", { token: "a:2" }), true);
  reader.stop();
});

checkOnce("a stream of which Redis evicted a part is none", {}, async ({ server, open }) => {
  const store = open();
  const long = frame("x".repeat(3_000));
  for (const part of ["tail", "events"]) {
    await create(store, part);
    for (const seq of [1, 2, 3]) await append(store, part, seq, [long]);
    assert.equal((await store.read(part, 0, 100_000))!.records.length, 3);
    await server.command("DEL", `tidings:${part}:${part}`);
    assert.equal(await store.read(part, 0, 100_000), undefined);
    // It is found out when there is something to add to what is gone.
    const appended = await append(store, part, 4, [long]);
    assert.deepEqual(appended, { written: false, head: undefined });
  }
  assert.deepEqual(await server.command("KEYS", "*"), "tidings:leases");
});

check("a connection for Pub/Sub that is killed is replaced, and nothing is missed", {}, async (place) => {
  const { server, open } = place;
  const [owner, other] = [open(), open()];
  await create(owner, "one");
  await create(owner, "two", { token: "b:1" });
  const readers = [
    new StoreReader(other, "one"),
    new StoreReader(other, "one"),
    new StoreReader(other, "two"),
  ];
  for (let seq = 1; seq <= 400; seq++) {
    if (seq % 100 === 50) await server.command("CLIENT", "KILL", "TYPE", "pubsub");
    await append(owner, "one", seq, [frame(seq)]);
    if (seq % 100 === 51) {
      await append(owner, "two", Math.ceil(seq / 100), [frame(Math.ceil(seq / 100))], { token: "b:1" });
    }
  }
  for (const reader of readers.slice(0, 2)) {
    await reader.has(400);
    assert.deepEqual(reader.frames, numbers(400));
  }
  await readers[2]!.has(4);
  const { head } = (await owner.read("one", Infinity, 1))!;
  assert.equal(head.readers, 1);
  // It is pushed again, and not looked for.
  const { reads } = readers[0]!;
  for (let seq = 401; seq <= 420; seq++) await append(owner, "one", seq, [frame(seq)]);
  await readers[0]!.has(420);
  assert.equal(readers[0]!.reads, reads);
  for (const reader of readers) reader.stop();
});

check("a connection that falls silent is noticed in some 5 seconds", {}, async ({ server, open }) => {
  const relay = await Relay.start(server.port);
  try {
    const owner = open();
    const other = open({}, server.url.replace(`${server.port}`, `${relay.port}`));
    await create(owner, "one");
    const reader = new StoreReader(other, "one");
    await append(owner, "one", 1, [frame(1)]);
    await reader.has(1);
    const { changes } = reader;
    relay.hold();
    const begun = performance.now();
    await append(owner, "one", 2, [frame(2)]);
    await until(() => reader.changes > changes, "it is noticed");
    const noticed = performance.now() - begun;
    assert.ok(noticed < 7_000, `${noticed} ms`);
    relay.release();
    await reader.has(2);
    await append(owner, "one", 3, [frame(3)]);
    await reader.has(3);
    reader.stop();
  } finally {
    await relay.close();
  }
});

check("readers are served although there is no Pub/Sub", {}, async ({ server, open }) => {
  const { port } = server;
  await server.command(
    "ACL",
    "SETUSER",
    "ann",
    "on",
    ">secret",
    "allkeys",
    "allcommands",
    "-subscribe",
    "allchannels",
  );
  const [owner, other] = [open(), open({}, `redis://ann:secret@127.0.0.1:${port}`)];
  await create(owner, "one");
  let changes = 0;
  const begun = performance.now();
  const unwatch = other.watch("one", { appended() {}, changed: () => changes++ });
  await until(() => changes >= 3, "it is told to look");
  const each = (performance.now() - begun) / 3;
  assert.ok(each > 800, `every ${each} ms`);
  // And whoever looks is told why that has to be.
  await assert.rejects(other.read("one", 0, 1), (error: Error) => {
    assert.match(
      error.message,
      /^Redis at the prefix "tidings": the user may not do this.*\+subscribe.*NOPERM/,
    );
    assert.equal((error as { permanent?: boolean }).permanent, true);
    return true;
  });
  const readable = async () => {
    for (let i = 0; i < 500; i++) {
      if (await other.read("one", 0, 1).then(() => true, () => false)) return true;
      await sleep(10);
    }
    return false;
  };
  unwatch();
  assert.ok(await readable(), "nobody listens any more");
  const again = other.watch("one", { appended() {}, changed: () => changes++ });
  await sleep(200);
  await assert.rejects(other.read("one", 0, 1));
  await server.command("ACL", "SETUSER", "ann", "+subscribe");
  assert.ok(await readable(), "it may listen");
  again();
});

check("who lost the lease writes no more", {}, async ({ open }) => {
  const [owner, other] = [open(), open()];
  await create(owner, "one", { lease: 200 });
  await append(owner, "one", 1, [frame(1)], { lease: 200 });
  const told: string[] = [];
  const disown = owner.own("a", (id) => told.push(id));
  await owner.read("one", 0, 1);
  await sleep(250);
  // Nobody has claimed it: it is still the owner's.
  assert.equal((await append(owner, "one", 2, [frame(2)], { lease: 200 })).written, true);
  await sleep(250);
  assert.deepEqual(await other.overdue(), ["one"]);
  assert.equal((await other.end("one", { state: "lost", overdue: true, keep: KEEP }))!.state, "lost");
  const refused = await append(owner, "one", 3, [frame(3)]);
  assert.equal(!refused.written && refused.head?.state, "lost");
  await until(() => told.length === 1, "the owner was told");
  disown();
});

checkOnce("what is repeated in part is told in part", {}, async ({ open }) => {
  const store = open();
  await create(store, "one");
  const told: [number, readonly string[]][] = [];
  let changes = 0;
  const unwatch = store.watch("one", {
    appended: (_, first, frames) => told.push([first, frames]),
    changed: () => changes++,
  });
  await until(() => changes > 0, "watching has begun");
  await append(store, "one", 1, ["data: é\ndata: 二\n\n", frame(2)]);
  await append(store, "one", 1, ["data: é\ndata: 二\n\n", frame(2), frame(3), frame(4)]);
  await until(() => told.length === 2, "both were told");
  assert.deepEqual(told[1], [3, [frame(3), frame(4)]]);
  const { head } = (await store.read("one", Infinity, 1))!;
  assert.equal(head.bytes, new TextEncoder().encode("data: é\ndata: 二\n\n").length + 3 * frame(2).length);
  await assert.rejects(
    append(store, "one", 5, ["data: a\n\ndata: b\n\n"]),
    /must end with a blank line, and have none/,
  );
  await assert.rejects(append(store, "one", 5, ["data: a\n"]), TypeError);
  unwatch();
});

checkOnce("long streams of events of all sizes are read in pages", {}, async ({ open }) => {
  const store = open();
  await create(store, "one");
  const frames = Array.from(
    { length: 3_000 },
    (_, i) => frame(`${i} ${"x".repeat(i % 50 === 0 ? 20_000 : i % 7)}`),
  );
  for (let i = 0; i < frames.length;) {
    const some = frames.slice(i, i + 1 + i % 5);
    await append(store, "one", i + 1, some, { trim: Math.max(0, i - 2_000) });
    i += some.length;
  }
  const { head } = (await store.read("one", Infinity, 1))!;
  assert.equal(head.last, 3_000);
  assert.ok(head.first > 900 && head.first < 1_000, `${head.first}`);
  const read: string[] = [];
  let pages = 0;
  for (let after = 0; after < 3_000; pages++) {
    const { records } = (await store.read("one", after, 64_000))!;
    assert.equal(records[0]!.seq, Math.max(head.first, after + 1));
    const size = records.reduce((sum, each) => sum + each.frame.length, 0);
    assert.ok(size < 64_000 + 50_000, `a page of ${size}`);
    read.push(...records.map((each) => each.frame));
    after = records.at(-1)!.seq;
  }
  assert.deepEqual(read, frames.slice(head.first - 1));
  assert.ok(pages > 8 && pages < 20, `${pages} pages`);
});

checkOnce("a process that is killed leaves nothing behind", {}, async ({ server, open }) => {
  const store = open();
  const short = { lease: 300, keep: 300 };
  await create(store, "silent", short);
  await create(store, "running", short);
  for (let seq = 1; seq <= 20; seq++) {
    await append(store, "running", seq, [frame("x".repeat(seq * 500))], {
      ...short,
      trim: Math.max(0, seq - 5),
    });
  }
  await append(store, "running", 21, [frame(21)], short);
  await create(store, "ended", { lease: LEASE, keep: KEEP });
  await append(store, "ended", 1, [frame(1)]);
  await store.end("ended", { state: "complete", keep: 300 });
  await create(store, "claimed", { ...short, lease: 1 });
  await sleep(5);
  assert.equal((await store.claim("claimed", { owner: "b", token: "b:1", ...short }))?.claims, 1);
  await append(store, "claimed", 1, [frame(1)], { ...short, token: "b:1" });
  assert.equal(await server.command("DBSIZE"), "9");
  for (const key of (await server.command("KEYS", "*")).split("\n")) {
    // -1 is for ever, and -2 says that it has gone since.
    assert.notEqual(await server.command("PTTL", key), "-1", `${key} stays for ever`);
  }
  store.close();
  let left = "";
  for (let i = 0; i < 200 && left !== "tidings:leases"; i++) {
    await sleep(25);
    left = await server.command("KEYS", "*");
  }
  // It lives as long as the longest of them might have.
  assert.equal(left, "tidings:leases");
  assert.ok(Number(await server.command("PTTL", left)) <= (LEASE + KEEP) * 1.125);
});

checkOnce("the list of leases forgets who is gone, and lives as long as the others", {}, async (place) => {
  const { server, open } = place;
  const store = open();
  const count = async () => Number(await server.command("ZCARD", "tidings:leases"));
  for (let i = 0; i < 30; i++) await create(store, `dead-${i}`, { token: `a:${i}`, lease: 1, keep: 1 });
  await create(store, "alive", { token: "b:1", lease: 500, keep: 1 });
  assert.equal(await count(), 31);
  for (let i = 0; i < 100 && await server.command("EXISTS", "tidings:stream:dead-29") === "1"; i++) {
    await append(store, "alive", 1, [], { token: "b:1", lease: 500, keep: 1 });
    await sleep(25);
  }
  // A busy machine takes longer than its short lease for what follows.
  await append(store, "alive", 1, [], { token: "b:1" });
  for (let i = 0; i < 60; i++) await create(store, `new-${i}`, { token: `c:${i}` });
  assert.equal(await count(), 61);
  await store.overdue();
  assert.equal(await count(), 61);
  for (let i = 0; i < 60; i++) await store.end(`new-${i}`, { state: "complete", keep: KEEP });
  assert.equal(await count(), 1);

  // The list itself is renewed by who appends, though it was made for a short life.
  await server.command("FLUSHALL");
  // Made to last 2 seconds.
  await create(store, "long", { token: "d:1", lease: 1_000, keep: 1 });
  const left = async (key: string) => Number(await server.command("PTTL", `tidings:${key}`));
  for (let i = 0; i < 120; i++) {
    await append(store, "long", i + 1, [frame(i)], { token: "d:1", lease: 1_000, keep: 1 });
    // In this order: time passes between the two.
    const ofList = await left("leases");
    assert.ok(ofList >= await left("stream:long"), `${ofList} ms are left of the list`);
    await sleep(25);
  }
  await append(store, "long", 121, [], { token: "d:1", lease: 1, keep: KEEP });
  await sleep(50);
  assert.deepEqual(await store.overdue(), ["long"]);
});

checkOnce("many leases are looked through at once", {}, async ({ open }) => {
  const store = open();
  const lease = 200;
  const ids = Array.from({ length: 1_500 }, (_, i) => `s${i}`);
  await Promise.all(
    ids.map((id) => create(store, id, { token: `a:${id}`, lease: id === "s1499" ? 5_000 : lease })),
  );
  await Promise.all(
    ids.slice(0, 1_499).map((id) =>
      append(store, id, 1, [], { token: `a:${id}`, lease: id === "s700" ? lease : 5_000 })
    ),
  );
  // So much longer a lease is within what the keys were given, and the list has not heard of it.
  await sleep(lease + 50);
  assert.deepEqual(await store.overdue(), ["s700"]);
  assert.deepEqual(await store.overdue(), ["s700"]);
});

check("the connection for Pub/Sub goes when nobody listens", {}, async ({ server, open }) => {
  const clock = turnedClock();
  const store = open({ clock });
  const listening = async () =>
    (await server.command("CLIENT", "LIST", "TYPE", "pubsub")).split("\n").filter(Boolean).length;
  await create(store, "one");
  const before = await server.connections();
  let changes = 0;
  const unwatch = store.watch("one", { appended() {}, changed: () => changes++ });
  await until(() => changes > 0, "watching has begun");
  assert.equal(await listening(), 1);
  unwatch();
  for (let i = 0; i < 100 && await listening() > 0; i++) await sleep(20);
  assert.equal(await listening(), 0);
  assert.equal(await server.connections(), before + 1);
  let left = 0;
  for (let i = 0; i < 100 && left !== before; i++) {
    clock.pass(1_000);
    await sleep(20);
    left = await server.connections();
  }
  assert.equal(left, before);
  // And comes again.
  const again = store.watch("one", { appended() {}, changed: () => changes++ });
  await until(() => changes > 1, "watching has begun again");
  again();
});

check("a connection for Pub/Sub that answers is kept", {}, async ({ server, open }) => {
  const clock = turnedClock();
  const store = open({ clock });
  const listening = async () =>
    [...(await server.command("CLIENT", "LIST", "TYPE", "pubsub")).matchAll(/^id=(\d+)/gm)].map(([, id]) =>
      id
    );
  let changes = 0;
  const unwatch = store.watch("one", { appended() {}, changed: () => changes++ });
  await until(() => changes > 0, "watching has begun");
  const ids = await listening();
  assert.equal(ids.length, 1);
  await server.command("CONFIG", "RESETSTAT");
  for (let pings = 1; pings <= 6; pings++) {
    clock.pass(2_000);
    let sent = 0;
    for (let i = 0; i < 500 && sent < pings; i++) {
      await sleep(10);
      sent = (await server.calls())["ping"] ?? 0;
    }
    assert.equal(sent, pings);
    // The answer is on its way.
    await sleep(50);
  }
  assert.deepEqual(await listening(), ids);
  assert.equal(changes, 1);
  unwatch();
});

check("an append is one command, however many read", {}, async ({ server, open }) => {
  for (const processes of [0, 1, 3]) {
    const owner = open();
    const id = `of-${processes}`;
    const readers: StoreReader[] = [];
    for (let i = 0; i < processes; i++) {
      const store = open();
      for (let k = 0; k < 10; k++) readers.push(new StoreReader(store, id));
    }
    await create(owner, id);
    await append(owner, id, 1, [frame(1)]);
    for (const reader of readers) await reader.has(1);
    await owner.read(id, 0, 1);
    for (let i = 0; i < 200; i++) {
      const appended = await append(owner, id, 2, []);
      if (appended.written && appended.readers === processes) break;
      await sleep(5);
    }
    // What was pushed to them may have come before that.
    for (const reader of readers) await reader.hasLooked();
    await server.command("CONFIG", "RESETSTAT");
    for (let i = 0; i < 100; i++) {
      const appended = await append(owner, id, 2 + i * 10, numbers(11 + i * 10).slice(1 + i * 10));
      assert.deepEqual(appended, { written: true, readers: processes });
    }
    for (const reader of readers) await reader.has(1_001);
    const calls = await server.calls();
    // What else is called is called by the script, but for a PING now and then.
    assert.equal(calls["evalsha"], 100, JSON.stringify(calls));
    assert.equal(calls["publish"], 100);
    assert.equal(calls["append"], 100);
    assert.ok(calls["xadd"]! <= 4, "a block now and then");
    const others = Object.keys(calls).filter((name) =>
      !/evalsha|publish|append|get|xadd|del|pexpireat|time|hset|ping|config|info/.test(name)
    );
    assert.deepEqual(others, []);
    assert.ok((calls["ping"] ?? 0) <= 2 * (processes + 1), JSON.stringify(calls));
    for (const reader of readers) {
      assert.deepEqual(reader.frames, numbers(1_001));
      reader.stop();
    }
  }
});

checkOnce("a store that is closed calls nobody, and lets the process go", {}, async ({ server, open }) => {
  const store = open();
  await create(store, "one");
  const before = await server.connections();
  let changes = 0;
  const unwatch = store.watch("one", { appended: () => changes++, changed: () => changes++ });
  await until(() => changes > 0, "watching has begun");
  store.close();
  const told = changes;
  await within(server.command("PUBLISH", "tidings:stream:one", ""), "something was published");
  let left = -1;
  for (let i = 0; i < 100 && left !== before - 1; i++) {
    await sleep(20);
    left = await server.connections();
  }
  assert.equal(left, before - 1);
  assert.equal(changes, told);
  unwatch();
});
