// Tests events that are published within a transaction of the user's own, and by other programs in plain SQL.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type SqliteDatabase, sqliteLog, type SqliteLogOptions, sqliteStore } from "../../lib/sqlite/mod.ts";
import { Broadcaster } from "../../mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { SqliteFile, sqliteKinds } from "../support/sqlite.ts";
import { until } from "../support/wait.ts";

for (const kind of sqliteKinds) {
  test(`${kind.name}: what is committed is delivered once and in order, what is rolled back never`, async () => {
    const file = new SqliteFile(kind);
    const database = file.database();
    const log = sqliteLog(file.given);
    const feed = new Broadcaster({ backplane: log });
    try {
      database.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY, amount INTEGER)");
      await until(() => feed.health().ok, "the broadcaster is well");
      const client = new MemoryClient(feed.subscribe(request(), { topics: ["orders"] }));
      await client.until(() => client.lastEventId !== undefined, "it has a place");
      const ids: string[] = [];
      for (let i = 1; i <= 30; i++) {
        database.exec("BEGIN IMMEDIATE");
        database.prepare("INSERT INTO orders (amount) VALUES (?)").run(i);
        const id = log.publishIn(database, { event: "order", topic: "orders", data: { amount: i } });
        const isCommitted = i % 3 !== 0;
        database.exec(isCommitted ? "COMMIT" : "ROLLBACK");
        if (isCommitted) ids.push(id);
        if (i % 5 === 0) ids.push(await feed.publish({ topic: "orders", data: `between ${i}` }));
      }
      ids.push(log.publishIn(database, { topic: "orders", data: "outside of a transaction" }));
      await client.until(() => client.events.at(-1)?.data === "outside of a transaction", "all events");
      assert.deepEqual(client.events.map(({ id }) => id), ids);
      const orders = file.all<{ amount: number }>("SELECT amount FROM orders").map(({ amount }) => amount);
      const seen = client.events.filter(({ event }) => event === "order").map(({ data }) =>
        JSON.parse(data).amount
      );
      assert.deepEqual(seen, orders);
      assert.equal(seen.length, 20);

      // Any program, in any language.
      file.run(
        `INSERT INTO tidings_events (payload) VALUES ('{"event":"order","topic":"orders","json":{"amount":99}}')`,
      );
      await client.until(() => client.events.at(-1)?.data === '{"amount":99}', "an event in plain SQL");
      await client.leave();
    } finally {
      database.close();
      await feed.close();
      file.remove();
    }
  });

  test(`${kind.name}: publishing before anybody has opened the log makes its table`, async () => {
    const file = new SqliteFile(kind);
    const database = file.database();
    const log = sqliteLog(file.given, { table: "early" });
    const first = log.publishIn(database, "first");
    const second = await log.append({ messageId: "second", payload: '{"data":"second"}' });
    assert.ok(log.compare(first, second) < 0);
    const reader = await log.open();
    assert.deepEqual((await reader.range(first, 10)).map(({ id }) => id), [first, second]);
    reader.close();
    log.close?.();
    database.close();
    file.remove();
  });

  test(`${kind.name}: what cannot be published is refused before anything is written`, () => {
    const file = new SqliteFile(kind);
    const other = new SqliteFile(kind);
    const database = file.database();
    const log = sqliteLog(file.given);
    assert.throws(() => log.publishIn(database, { event: "two\nlines", data: 1 }), { code: "invalid-event" });
    assert.throws(() => log.publishIn(database, { data: 1, evnet: "typo" } as never), {
      code: "invalid-event",
    });
    assert.throws(
      () => log.publishIn("text" as never, "event"),
      /takes your open database, and then the event/,
    );
    const stranger = other.database();
    assert.throws(() => log.publishIn(stranger, "event"), /takes a database that is the file of the log/);
    const inMemory = kind.open(":memory:");
    assert.throws(() => log.publishIn(inMemory, "event"), /received one in memory/);
    for (const each of [database, stranger, inMemory]) each.close();
    file.remove();
    other.remove();
  });

  test(`${kind.name}: wrong options and databases are refused by their names`, () => {
    const inMemory = kind.open(":memory:");
    const wrong: [unknown, SqliteLogOptions, RegExp][] = [
      [inMemory, {}, /needs a file/],
      [
        ":memory:",
        {},
        /needs a file|no node:sqlite.*libsql, or of better-sqlite3, which runs on Node 20 up to/,
      ],
      ["", {}, /needs a file/],
      [{}, {}, /takes the path of a file, or an open database/],
      [undefined, {}, /takes the path of a file/],
      ["a.db", { table: "a b" }, /"table" must be a name/],
      ["a.db", { table: "sqlite_x" }, /"table" must be a name/],
      ["a.db", { durability: "half" as never }, /"durability" must be "full" or "normal", received "half"/],
      ["a.db", { maxEvents: 0 }, /"maxEvents"/],
      ["a.db", { maxAge: 1 }, /"maxAge"/],
      ["a.db", { maxBytes: 1 }, /"maxBytes"/],
      ["a.db", { tabel: "x" } as never, /did you mean "table"/],
    ];
    for (const [database, options, message] of wrong) {
      assert.throws(() => sqliteLog(database as SqliteDatabase, options), (error: Error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, message);
        return true;
      });
    }
    assert.throws(() => sqliteStore(inMemory), /sqliteStore\(\) needs a file/);
    assert.throws(() => sqliteStore("a.db", { durability: "none" as never }), /"durability"/);
    inMemory.close();
  });
}
