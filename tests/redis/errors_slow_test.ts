// Tests what is told of a Redis that is not there, or refuses; and of wrong options.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Broadcaster } from "../../mod.ts";
import { redisStreams, TidingsError } from "../../lib/redis/mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { noRedis, RedisServer, type RedisServerOptions } from "../support/redis.ts";
import { type ClientKind, clientKinds, type OpenClient } from "../support/redis_clients.ts";
import { turnedClock } from "../support/turned_clock.ts";
import { sleep, until, within } from "../support/wait.ts";

const message = { messageId: "one", payload: "payload" };

/** Checks an error: what it says, that it names the stream, and whether trying again may help. */
function told(code: string, words: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof TidingsError, String(error));
    assert.match(error.message, words);
    assert.match(error.message, /^Redis stream "market"/);
    assert.equal(error.code, code, error.message);
    assert.equal("permanent" in error, code === "backplane-refused");
    return true;
  };
}

function check(
  what: string,
  options: RedisServerOptions,
  run: (server: RedisServer, open: (url?: string) => OpenClient, kind: ClientKind) => Promise<void>,
): void {
  for (const kind of clientKinds) {
    test(`${kind.name}: ${what}`, { skip: noRedis, timeout: 60_000 }, async () => {
      const server = await RedisServer.start(options);
      const clients: OpenClient[] = [];
      const open = (url = server.url) => {
        const client = kind.open(url);
        clients.push(client);
        return client;
      };
      try {
        await run(server, open, kind);
      } finally {
        for (const client of clients) client.close();
        await server.stop();
      }
    });
  }
}

check("another type at the key is refused for good", {}, async (server, open) => {
  await server.command("SET", "market", "taken");
  const backplane = redisStreams(open().client, { stream: "market" });
  const expected = told("backplane-refused", /something else than a stream.*"stream".*WRONGTYPE/);
  await assert.rejects(backplane.append(message), expected);
  const reader = await backplane.open();
  await assert.rejects(reader.range("1-1", 2), expected);
  await assert.rejects(reader.before(undefined, 2), expected);
  await assert.rejects(reader.wait("1-1", 10), expected);
  reader.close();
});

check("a wrong password is refused for good", { password: "right" }, async (server, open) => {
  const wrong = redisStreams(open(server.url.replace("right", "wrong")).client, { stream: "market" });
  await assert.rejects(wrong.open(), told("backplane-refused", /password is wrong.*WRONGPASS/));
  await assert.rejects(wrong.append(message), told("backplane-refused", /password is wrong.*WRONGPASS/));
});

check("no password, where there is one, is refused for good", { password: "right" }, async (server, open) => {
  const none = redisStreams(open(server.url.replace(":right@", "")).client, { stream: "market" });
  const expected = told("backplane-refused", /asks for a password.*NOAUTH/);
  await assert.rejects(none.append(message), expected);
  await assert.rejects(async () => {
    const reader = await none.open();
    await reader.range("1-1", 2).finally(() => reader.close());
  }, expected);
});

check("a user needs the four commands and the key, and no more", {}, async (server, open) => {
  await server.command(
    "ACL",
    "SETUSER",
    "ann",
    "on",
    ">secret",
    "~market",
    "+xadd",
    "+xrange",
    "+xrevrange",
    "+xread",
  );
  const url = server.url.replace("//", "//ann:secret@");
  const backplane = redisStreams(open(url).client, { stream: "market", maxAge: 1_000 });
  const id = await backplane.append(message);
  const reader = await backplane.open();
  assert.deepEqual(await reader.range(id, 2), [{ id, ...message }]);
  assert.deepEqual(await reader.before(undefined, 2), [{ id, ...message }]);
  await reader.wait("0-1", 10);
  reader.close();

  await server.command("ACL", "SETUSER", "ann", "-xadd", "-xrange");
  const refused = told("backplane-refused", /\+xadd \+xrange \+xrevrange \+xread.*NOPERM/);
  await assert.rejects(backplane.append(message), refused);
  const other = await backplane.open();
  await assert.rejects(other.range(id, 2), refused);
  other.close();
});

check("a replica takes no writes, until it is promoted", {}, async (server, open, kind) => {
  const replica = await RedisServer.start({ replicaOf: server.port });
  const client = kind.open(replica.url);
  try {
    const [primary, secondary] = [
      redisStreams(open().client, { stream: "market" }),
      redisStreams(client.client, { stream: "market" }),
    ];
    const expected = told("backplane-unavailable", /a replica.*READONLY/);
    await assert.rejects(secondary.append(message), expected);
    const reader = await secondary.open();
    await assert.rejects(reader.before(undefined, 2), expected);
    const id = await primary.append(message);
    await within(reader.wait("0-1", 10), "the entry arrived at the replica");
    assert.deepEqual(await reader.before(undefined, 2), [{ id, ...message }]);
    reader.close();
    await replica.command("REPLICAOF", "NO", "ONE");
    await secondary.append(message);
  } finally {
    client.close();
    await replica.stop();
  }
});

check("out of memory, it takes no writes, and is still read", {}, async (server, open) => {
  const backplane = redisStreams(open().client, { stream: "market" });
  const id = await backplane.append(message);
  await server.command("CONFIG", "SET", "maxmemory", "1");
  await assert.rejects(
    backplane.append(message),
    told("backplane-unavailable", /out of memory.*maxmemory.*maxEvents.*OOM/),
  );
  const reader = await backplane.open();
  assert.deepEqual(await reader.range(id, 2), [{ id, ...message }]);
  reader.close();
  await server.command("CONFIG", "SET", "maxmemory", "0");
  await backplane.append(message);
});

check("a Redis that is not there is named, and found when it comes back", {}, async (server, open) => {
  const backplane = redisStreams(open().client, { stream: "market" });
  await backplane.append(message);
  await server.kill();
  const begun = performance.now();
  await assert.rejects(
    backplane.open(),
    told("backplane-unavailable", /ECONNREFUSED|no connection to Redis/),
  );
  assert.ok(performance.now() - begun < 7_000);
  await server.run();
  const reader = await within(backplane.open(), "a reader is open");
  assert.equal((await reader.before(undefined, 2)).length, 1);
  reader.close();
  // The connection that broke is found out by whoever appends first, and only by that one.
  const first = backplane.append(message).catch(told("backplane-unavailable", /cannot be reached/));
  await within(first, "a first attempt");
  await sleep(5);
  await within(backplane.append(message), "a second attempt");
});

check("a Redis that is frozen is given up, and no connection is left over", {}, async (server, open) => {
  const clock = turnedClock();
  const backplane = redisStreams(open().client, { stream: "market", clock });
  await sleep(200);
  const before = await server.connections();
  await backplane.append(message);
  server.freeze();
  await sleep(100);
  const unavailable = (words: RegExp) => told("backplane-unavailable", words);
  const given = { open: false, append: false };
  const up = Promise.all([
    assert.rejects(backplane.open(), unavailable(/no connection to Redis within 5000 ms/))
      .then(() => given.open = true),
    assert.rejects(backplane.append(message), unavailable(/cannot be reached/)).then(() =>
      given.append = true
    ),
  ]);
  // Both wait for the frozen server by now, and no longer than they may.
  await sleep(100);
  clock.pass(3_999);
  await sleep(20);
  assert.deepEqual(given, { open: false, append: false });
  clock.pass(1);
  await until(() => given.append, "the append is given up");
  clock.pass(999);
  await sleep(20);
  assert.deepEqual(given, { open: false, append: true });
  clock.pass(1);
  await within(up, "both are given up");
  server.thaw();
  let left = -1;
  for (let i = 0; i < 50 && left !== before; i++) {
    await sleep(50);
    left = await server.connections();
  }
  assert.equal(left, before);
  await backplane.append(message);
  backplane.close!();
});

check("what is sent again over another connection keeps its order", {}, async (server, open) => {
  const backplane = redisStreams(open().client, { stream: "market", maxEvents: Infinity });
  const start = await backplane.append(message);
  // As the Broadcaster publishes: all at once, and then what failed, when nothing is under way any more.
  let left = Array.from({ length: 4_000 }, (_, i) => ({ messageId: `${i}`, payload: "x".repeat(1_000) }));
  let failures = 0;
  for (let attempt = 0; left.length > 0; attempt++) {
    const outcomes = Promise.allSettled(left.map((each) => backplane.append(each)));
    if (attempt < 5) await server.disconnect();
    const failed = (await outcomes).map(({ status }) => status === "rejected");
    left = left.filter((_, index) => failed[index]);
    failures += left.length;
  }
  assert.ok(failures > 0, "no connection broke in time");
  const reader = await backplane.open();
  const entries = await reader.range(start, 50_000);
  reader.close();
  const seen = new Set(entries.slice(1).map(({ messageId }) => Number(messageId)));
  assert.deepEqual([...seen], Array.from({ length: 4_000 }, (_, i) => i));
  backplane.close!();
});

test("a node-redis client need not be connected", { skip: noRedis, timeout: 60_000 }, async () => {
  const { createClient } = await import("redis");
  const server = await RedisServer.start();
  const backplane = redisStreams(createClient({ url: server.url }), { stream: "market" });
  await backplane.append(message);
  backplane.close!();
  await server.stop();
});

test("a client that gives bytes is read too", { skip: noRedis, timeout: 60_000 }, async () => {
  const { createClient, RESP_TYPES } = await import("redis");
  const server = await RedisServer.start();
  const plain = createClient({ url: server.url });
  const client = plain.withTypeMapping({
    [RESP_TYPES.BLOB_STRING]: Uint8Array as unknown as BufferConstructor,
  });
  await plain.connect();
  const backplane = redisStreams(client, { stream: "market" });
  const payload = "\ufeffé🙂\0";
  const id = await backplane.append({ messageId: "é", payload });
  const reader = await backplane.open();
  assert.deepEqual(await reader.range(id, 2), [{ id, messageId: "é", payload }]);
  reader.close();
  plain.destroy();
  await server.stop();
});

test("a wrong option is named, with what was received", () => {
  const connection = { open: () => Promise.reject(new Error("none")) };
  const wrong: [unknown, unknown, RegExp][] = [
    ["redis://localhost", "market", /takes a client of redis.*received "redis:\/\/localhost"/],
    [{}, { stream: "market" }, /takes a client of redis, ioredis or Bun.*received \[object Object\]/],
    [undefined, { stream: "market" }, /received undefined/],
    // A pool's commands go over any of its connections.
    [{ isOpen: true, execute() {}, connect() {}, duplicate() {} }, { stream: "a" }, /no pool/],
    [connection, { stream: "" }, /"stream" must be a string that is not empty, received ""/],
    [connection, { stream: 7 }, /"stream".*received 7/],
    [
      connection,
      { stream: "market", maxEvents: 0 },
      /"maxEvents" must be a whole number of events, at least 1.*received 0/,
    ],
    [connection, { stream: "a", key: "a" }, /Unknown option "key" of redisStreams: use stream$/],
    [connection, { stream: "a", maxLength: 5 }, /Unknown option "maxLength" of redisStreams: use maxEvents$/],
    [
      connection,
      { stream: "a", maxAg: 5 },
      /Unknown option "maxAg" of redisStreams: did you mean "maxAge"\?$/,
    ],
    [connection, { stream: "market", maxAge: 10 }, /"maxAge".*milliseconds, at least 1000.*received 10/],
  ];
  for (const [client, options, words] of wrong) {
    assert.throws(() => redisStreams(client as never, options as never), (error: unknown) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, words);
      return true;
    });
  }
});

test("what Redis keeps is bounded by count", { skip: noRedis, timeout: 60_000 }, async () => {
  const server = await RedisServer.start();
  const { open } = clientKinds[0]!;
  const { client, close } = open(server.url);
  const length = async (key: string) => Number(await server.command("XLEN", key));
  const short = redisStreams(client, { stream: "short", maxEvents: 250 });
  for (let i = 0; i < 1_000; i++) await short.append(message);
  const kept = await length("short");
  assert.ok(kept >= 250 && kept <= 350, `${kept} entries`);

  const endless = redisStreams(client, { stream: "endless", maxEvents: Infinity });
  for (let i = 0; i < 500; i++) await endless.append(message);
  assert.equal(await length("endless"), 500);
  close();
  await server.stop();
});

test("ids are compared as the numbers that they are, however large", () => {
  const { isId, compare } = redisStreams({ open: () => Promise.reject(new Error("none")) }, {
    stream: "a",
  });
  const order = [
    "0-1",
    "0-2",
    "0-10",
    "1-0",
    "9-9",
    "10-0",
    "1795444384030-0",
    "18446744073709551615-18446744073709551615",
  ];
  for (const [index, id] of order.entries()) {
    assert.equal(isId(id), true, id);
    for (const [other, another] of order.entries()) {
      assert.equal(Math.sign(compare(id, another)), Math.sign(index - other), `${id} ${another}`);
    }
  }
  for (
    const no of [
      "0-0",
      "1",
      "01-1",
      "1-",
      "-1",
      "1-01",
      "18446744073709551616-0",
      "0-18446744073709551616",
      "99999999999999999999-0",
    ]
  ) {
    assert.equal(isId(no), false, no);
  }
});

test("what Redis keeps is bounded by age, and readers keep their place", async () => {
  // Redis gives the time, here one that can be told to go on: what it is asked to trim is all that matters.
  let now = 1_795_000_000_000;
  let sent: string[] = [];
  const send = (command: string[]) => {
    sent = command;
    return Promise.resolve(`${now}-0`);
  };
  const backplane = redisStreams({ open: () => Promise.resolve({ send, close() {} }) }, {
    stream: "a",
    maxAge: 300_000,
    maxEvents: 1_000,
  });
  const trimmed: number[] = [];
  const append = async (after: number) => {
    now += after;
    await backplane.append(message);
    assert.deepEqual(sent.slice(5), ["*", "m", "one", "p", "payload"]);
    if (sent[2] === "MINID") trimmed.push(Number(sent[4]!.split("-")[0]));
    else assert.deepEqual(sent.slice(0, 5), ["XADD", "a", "MAXLEN", "~", "1000"]);
  };

  // One every 10 minutes, with a second one right after it: at each moment the newest entry of 10 s before is still there.
  for (let i = 0; i < 5; i++) {
    const newest = now;
    await append(600_000);
    await append(1);
    await append(1_000);
    for (const limit of trimmed) assert.ok(limit <= newest, `${limit} would take the entry of ${newest}`);
  }
  assert.ok(trimmed.length > 0);

  // Ten a second: by age now and then, and never for something younger than the age.
  trimmed.length = 0;
  for (let i = 0; i < 10_000; i++) {
    await append(100);
    const limit = trimmed.at(-1);
    if (limit !== undefined) assert.ok(limit <= now - 300_000);
  }
  assert.ok(trimmed.length >= 30 && trimmed.length <= 40, `${trimmed.length} times`);
  assert.ok(now - trimmed.at(-1)! < 300_000 + 60_000, `${now - trimmed.at(-1)!} ms old`);
});

check("10,000 clients that come back with ids are a few readings", {}, async (server, open) => {
  const node = () =>
    new Broadcaster({
      backplane: redisStreams(open().client, { stream: "market" }),
      history: { events: 10 },
    });
  const feed = node();
  const ids = await Promise.all(Array.from({ length: 2_000 }, (_, i) => feed.publish(`${i}`)));
  // It has read the end, and holds ten events of its own; everybody asks for what only Redis has. They missed some
  // hundred events each and not more, since what is looked at is the readings, not the handing out.
  const from = (index: number) => 1_700 + (index % 2_000 * 7 + Math.floor(index / 2_000)) % 200;
  const other = node();
  await until(() => other.health().ok, "the other node is ready");
  await server.command("CONFIG", "RESETSTAT");
  const clients: MemoryClient[] = [];
  for (let second = 0; second < 5; second++) {
    for (let i = 0; i < 2_000; i++) {
      const lastEventId = ids[from(second * 2_000 + i)];
      clients.push(new MemoryClient(other.subscribe(request({ lastEventId }), { topics: "*" })));
    }
    for (const client of clients.slice(-2_000)) await client.settle();
  }
  const deadline = performance.now() + 30_000;
  for (const client of clients) {
    while (client.data.at(-1) !== "1999") {
      assert.ok(performance.now() < deadline, "all were served");
      await client.settle();
    }
  }
  const calls = await server.calls();
  const asked = (calls["xrange"] ?? 0) + (calls["xrevrange"] ?? 0);
  console.log(`10,000 reconnects: ${JSON.stringify(calls)}`);
  assert.ok(asked <= 200, `${asked} readings`);
  for (const [index, client] of clients.entries()) {
    assert.equal(client.data.length, 1_999 - from(index));
    assert.equal(client.data[0], `${from(index) + 1}`);
  }
  for (const client of clients) await client.leave();
  await Promise.all([feed.close(), other.close()]);
});

check(
  "an entry that another program appended is told of once, with its id, and skipped",
  {},
  async (server, open) => {
    const errors: TidingsError[] = [];
    const node = () =>
      new Broadcaster({
        backplane: redisStreams(open().client, { stream: "market" }),
        history: { events: 2 },
        onError: (error) => errors.push(error),
      });
    const feed = node();
    const client = new MemoryClient(feed.subscribe(request()));
    const first = await feed.publish("first");
    const foreign = await server.command("XADD", "market", "*", "price", "12.3");
    for (let i = 0; i < 5; i++) {
      await feed.publish(`${i}`);
      await client.until(() => client.data.at(-1) === `${i}`, `number ${i}`);
    }
    assert.deepEqual(client.data.slice(-5), ["0", "1", "2", "3", "4"]);
    // Read once more, from the engine: the history no longer reaches back so far.
    const back = new MemoryClient(feed.subscribe(request({ lastEventId: first })));
    await back.until(() => back.data.length === 5, "all was replayed");
    assert.deepEqual(errors.map(({ code, message }) => [code, message]), [[
      "invalid-event",
      `Entry ${foreign} of Redis stream "market" is left out, since it is no event: it has no field "p", so another ` +
      "program appended it",
    ]]);
    await feed.close();
  },
);
