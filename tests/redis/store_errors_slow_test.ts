// Tests what is told where streams in Redis are refused: by rights, by what is at a key, by memory; and of wrong options.
import assert from "node:assert/strict";
import { test } from "node:test";
import { redisStore, redisStreams, type StreamStore, TidingsError } from "../../lib/redis/mod.ts";
import { explain, wasAnswered } from "../../lib/redis/errors.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { clientKinds, type OpenClient } from "../support/redis_clients.ts";
import { sleep, until } from "../support/wait.ts";

/** What the doc comment of redisStore lists. */
const RIGHTS =
  "+eval +evalsha +time +hmget +hset +hdel +hincrby +append +get +del +pexpireat +pttl +xadd +xrange +xtrim " +
  "+zadd +zrem +zrangebyscore +publish +pubsub|numsub +subscribe +unsubscribe +ping";

const ownership = (token: string, lease = 60_000) => ({ owner: "a", token, lease, keep: 60_000 });

/** Checks an error: what it says, that it names the store, and whether trying again may help. */
function told(code: string, words: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof TidingsError, String(error));
    assert.match(error.message, words);
    assert.match(error.message, /^Redis at the prefix "answers"/);
    assert.equal(error.code, code, error.message);
    assert.equal("permanent" in error, code === "backplane-refused");
    return true;
  };
}

function check(
  what: string,
  run: (server: RedisServer, open: (url?: string) => StreamStore) => Promise<void>,
  kinds = clientKinds,
): void {
  for (const kind of kinds) {
    test(`${kind.name}: ${what}`, { skip: noRedis, timeout: 60_000 }, async () => {
      const server = await RedisServer.start();
      const clients: OpenClient[] = [];
      const stores: StreamStore[] = [];
      try {
        await run(server, (url = server.url) => {
          const client = kind.open(url);
          clients.push(client);
          const store = redisStore(client.client, { prefix: "answers" });
          stores.push(store);
          return store;
        });
      } finally {
        for (const store of stores) store.close();
        for (const client of clients) client.close();
        await server.stop();
      }
    });
  }
}

/** Uses all that a store can do, once. */
async function everything(store: StreamStore, id: string): Promise<void> {
  const frames = ["data: a\n\n", `data: ${"b".repeat(3_000)}\n\n`];
  const { keep } = ownership("");
  assert.equal(await store.create(id, { epoch: "e", ...ownership("a:1", 1) }), true);
  await sleep(5);
  assert.deepEqual(await store.overdue(), [id]);
  assert.equal((await store.claim(id, ownership("a:2", 1)))?.claims, 1);
  const batch = { ...ownership("a:2", 1), frames, trim: 0 };
  await store.append(id, { ...batch, first: 1 });
  await store.append(id, { ...batch, first: 3 });
  await store.append(id, { ...batch, first: 5 });
  await store.append(id, { ...batch, first: 7, frames: [], trim: 2 });
  assert.equal((await store.read(id, 0, 100_000))?.records.length, 4);
  await sleep(5);
  assert.equal(await store.create(id, { epoch: "f", ...ownership("a:3", 1) }), true, "one that was lost");
  assert.equal((await store.end(id, { state: "stopped", reason: "enough", keep }))?.state, "stopped");
}

check("a user needs the rights that are listed", async (server, open) => {
  await server.command(
    ...[
      "ACL",
      "SETUSER",
      "ann",
      "on",
      ">secret",
      "~answers:*",
      "resetchannels",
      "&answers:*",
      ...RIGHTS.split(" "),
    ],
  );
  const store = open(server.url.replace("//", "//ann:secret@"));
  let changes = 0;
  const owned: string[] = [];
  const unwatch = store.watch("one", { appended() {}, changed: () => changes++ });
  const disown = store.own("a", (id) => owned.push(id));
  await until(() => changes > 0, "watching has begun");
  const before = changes;
  await everything(store, "one");
  await until(() => changes > before && owned.length > 0, "both were told");
  // What is refused from here on is refused while the connections stand.
  await sleep(50);
  await server.command("ACL", "SETUSER", "ann", "resetkeys", "~other:*");
  const refused = told(
    "backplane-refused",
    /the keys ~answers:\*, the channels &answers:\*, and \+eval .*NOPERM/,
  );
  await assert.rejects(store.read("one", 0, 1), refused);
  await assert.rejects(store.end("one", { state: "stopped", keep: 1 }), refused);
  unwatch();
  disown();
});

check("a user needs no fewer rights", async (server, open) => {
  const base = ["ACL", "SETUSER", "bob", "reset", "on", ">secret", "~answers:*", "&answers:*"];
  // The others are needed by connections, which are made again and again without them.
  for (const right of RIGHTS.split(" ").filter((each) => !/ping|subscribe/.test(each))) {
    await server.command(
      ...base,
      ...RIGHTS.split(" ").filter((each) => each !== right),
    );
    const store = open(server.url.replace("//", "//bob:secret@"));
    await assert.rejects(
      everything(store, "one"),
      told("backplane-refused", /may not do this.*\+publish \+pubsub\|numsub/),
      right,
    );
    await server.command("FLUSHALL");
  }
  await server.command(
    ...base,
    "resetchannels",
    "&other:*",
    ...RIGHTS.split(" "),
  );
  const store = open(server.url.replace("//", "//bob:secret@"));
  await assert.rejects(
    everything(store, "x"),
    told("backplane-refused", /may not do this.*the channels &answers:\*/),
  );
}, clientKinds.slice(0, 1));

check("another type at a key is refused for good", async (server, open) => {
  const store = open();
  await server.command("SET", "answers:stream:one", "taken");
  const expected = told(
    "backplane-refused",
    /something else than a stream of this store.*"prefix".*WRONGTYPE/,
  );
  await assert.rejects(store.create("one", { epoch: "e", ...ownership("a:1") }), expected);
  await assert.rejects(store.read("one", 0, 1), expected);
});

check("out of memory, it takes nothing, and is still read and ended", async (server, open) => {
  const store = open();
  const other = open();
  await store.create("one", { epoch: "e", ...ownership("a:1") });
  await store.create("three", { epoch: "e", ...ownership("a:3") });
  await server.command("CONFIG", "SET", "maxmemory", "1");
  const batch = { ...ownership("a:1"), first: 1, frames: ["data: a\n\n"], trim: 0 };
  const expected = told("backplane-unavailable", /out of memory.*maxmemory.*keep, limits.*OOM/);
  await assert.rejects(store.append("one", batch), expected);
  await assert.rejects(store.create("two", { epoch: "e", ...ownership("a:2") }), expected);
  assert.equal((await store.read("one", 0, 1))!.head.last, 0);
  assert.equal(await store.read("two", 0, 1), undefined);
  assert.equal((await store.append("one", { ...batch, frames: [] })).written, true, "the lease is renewed");
  assert.equal(
    (await other.end("three", { state: "stopped", reason: "full", keep: 1_000 }))!.state,
    "stopped",
  );
  await server.command("CONFIG", "SET", "maxmemory", "0");
  assert.equal((await store.append("one", batch)).written, true);
});

check("a replica takes no writes, and is read", async (server, open) => {
  const replica = await RedisServer.start({ replicaOf: server.port });
  try {
    const [store, secondary] = [open(), open(replica.url)];
    await store.create("one", { epoch: "e", ...ownership("a:1") });
    const batch = { ...ownership("a:1"), first: 1, frames: ["data: a\n\n"], trim: 0 };
    await store.append("one", batch);
    const refused = told("backplane-unavailable", /a replica.*READONLY/);
    // Whether it has heard of the stream or not.
    for (const id of ["one", "two"]) {
      for (
        const call of [
          () => secondary.append(id, { ...batch, first: 2 }),
          () => secondary.end(id, { state: "stopped", keep: 1 }),
          () => secondary.claim(id, ownership("a:2")),
          () => secondary.create(id, { epoch: "e", ...ownership("a:1") }),
          () => secondary.create(id, { epoch: "e", ...ownership("a:3") }),
        ]
      ) {
        await assert.rejects(call, refused);
        // The connection is given up, since another one may lead to the primary.
        await sleep(5);
      }
    }
    let last: number | undefined;
    for (let i = 0; i < 200 && last !== 1; i++) {
      await sleep(10);
      last = (await secondary.read("one", 0, 1))?.head.last;
    }
    assert.equal(last, 1);
    await replica.command("REPLICAOF", "NO", "ONE");
    assert.equal((await secondary.append("one", { ...batch, first: 2 })).written, true);
  } finally {
    await replica.stop();
  }
}, clientKinds.slice(0, 2));

test("a client that gives bytes is read too", { skip: noRedis, timeout: 60_000 }, async () => {
  const { createClient, RESP_TYPES } = await import("redis");
  const server = await RedisServer.start();
  const plain = createClient({ url: server.url });
  const client = plain.withTypeMapping({
    [RESP_TYPES.BLOB_STRING]: Uint8Array as unknown as BufferConstructor,
  });
  await plain.connect();
  const store = redisStore(client, { prefix: "answers" });
  const frame = "\ufeffdata: é🙂\0\n\n";
  await store.create("é", { epoch: "e", ...ownership("a:1") });
  const told: unknown[] = [];
  let changes = 0;
  store.watch("é", { appended: (...all) => told.push(all), changed: () => changes++ });
  await until(() => changes > 0, "watching has begun");
  await store.append("é", { ...ownership("a:1"), first: 1, frames: [frame], trim: 0 });
  assert.deepEqual((await store.read("é", 0, 100))!.records, [{ seq: 1, frame }]);
  await until(() => told.length > 0, "it was told");
  assert.deepEqual(told, [["e", 1, [frame]]]);
  store.close();
  plain.destroy();
  await server.stop();
});

test(
  "a client that puts something before each key can be used",
  { skip: noRedis, timeout: 60_000 },
  async () => {
    const { Redis } = await import("ioredis");
    const server = await RedisServer.start();
    const client = new Redis(server.url, { keyPrefix: "app:" });
    const store = redisStore(client, { prefix: "answers" });
    await everything(store, "one");
    assert.match(await server.command("KEYS", "*"), /^app:answers:stream:one$/m);
    assert.doesNotMatch(await server.command("KEYS", "*"), /^answers/m);
    store.close();
    client.disconnect();
    await server.stop();
  },
);

test("what Redis before 7 says of an error inside a script is understood", () => {
  const advice = {
    holds: "a stream",
    option: "prefix",
    rights: "+all",
    bounds: "keep",
    servers: "Redis 6.2 or later",
  };
  const wrapped = (text: string) =>
    new Error(`ERR Error running script (call to f_61d7): @user_script:8: @user_script: 8: ${text}`);
  const readOnly = wrapped("-READONLY You can't write against a read only replica.");
  assert.ok(wasAnswered(readOnly, "READONLY"));
  assert.equal(explain("Redis", readOnly, advice).code, "backplane-unavailable");
  assert.match(explain("Redis", readOnly, advice).message, /^Redis: the server is a replica/);
  const denied = wrapped("The user executing the script can't run this command or subcommand");
  assert.match(explain("Redis", denied, advice).message, /^Redis: the user may not do this. It needs \+all/);
  assert.equal(explain("Redis", denied, advice).code, "backplane-refused");
  const full = wrapped("-OOM command not allowed when used memory > 'maxmemory'.");
  assert.match(explain("Redis", full, advice).message, /^Redis: the server is out of memory.*\(keep\)/);
  const old = wrapped("ERR Unknown Redis command called from Lua script");
  assert.match(explain("Redis", old, advice).message, /must be Redis 6.2 or later/);
});

test("a wrong option is named, with what was received", () => {
  const none = () => Promise.reject(new Error("none"));
  const connector = { open: none, listen: none };
  const wrong: [unknown, unknown, RegExp][] = [
    [{}, {}, /^redisStore\(\) takes a client of redis, ioredis or Bun.*"listen", received \[object Object\]/],
    [undefined, {}, /received undefined/],
    [
      { open: none },
      {},
      /^redisStore\(\) needs connections for Pub\/Sub: give your connector the method "listen"/,
    ],
    [connector, { prefix: "" }, /"prefix" must be a string that is not empty, received ""/],
    [connector, { prefix: 7 }, /"prefix".*received 7/],
    [connector, { keyPrefix: "a" }, /Unknown option "keyPrefix" of redisStore: use prefix$/],
    [connector, { prefx: "a" }, /Unknown option "prefx" of redisStore: did you mean "prefix"\?$/],
    [connector, { clock: 1 }, /"clock"/],
    [connector, null, /options of redisStore must be an object/],
  ];
  for (const [client, options, words] of wrong) {
    assert.throws(() => redisStore(client as never, options as never), (error: unknown) => {
      assert.ok(error instanceof TypeError);
      assert.match(error.message, words);
      return true;
    });
  }
  assert.equal(redisStore(connector).name, 'Redis at the prefix "tidings"');
  // Whoever has a connector without it goes on using it for what it can.
  redisStreams({ open: none }, { stream: "a" });
});

test("a connector that throws at once is one that fails", async () => {
  const store = redisStore({
    open: () => {
      throw new Error("broken");
    },
    listen: () => {
      throw new Error("broken");
    },
  });
  await assert.rejects(store.read("one", 0, 1), /Redis at the prefix "tidings" cannot be reached: broken/);
  let changes = 0;
  store.watch("one", { appended() {}, changed: () => changes++ });
  await until(() => changes > 0, "it is told to look");
  store.close();
});
