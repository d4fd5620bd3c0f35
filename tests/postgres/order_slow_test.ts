// Tests that what transactions publish is received as it was committed: none skipped, none doubled, in one order for all.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { postgresLog } from "../../lib/postgres/mod.ts";
import { Broadcaster } from "../../mod.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { clientKinds, type OpenClient } from "../support/postgres_clients.ts";
import { Random } from "../support/random.ts";
import { deferred, sleep, until } from "../support/wait.ts";

let server: PostgresServer;
before(async () => {
  if (!noPostgres) server = await PostgresServer.start();
});
after(async () => {
  if (!noPostgres) await server.stop();
});

let logs = 0;

/** Broadcasters over one log, each with a client that subscribes to all. */
async function join(kind: (typeof clientKinds)[number], nodes: number, listen?: false) {
  const table = `order_${logs++}`;
  const clients: OpenClient[] = [];
  const parts = Array.from({ length: nodes }, () => {
    const client = kind.open(server.url);
    clients.push(client);
    const log = postgresLog(client.client, { table, migrate: true, ...(listen === false ? { listen } : {}) });
    const feed = new Broadcaster({ backplane: log });
    return { client, log, feed, reader: new MemoryClient(feed.subscribe(request({}), { topics: "*" })) };
  });
  let isOver = false;
  const reading = (async () => {
    for (; !isOver; await sleep(2)) for (const { reader } of parts) await reader.settle();
  })();
  for (const { reader, feed } of parts) {
    await until(() => feed.health().ok && reader.lastEventId !== undefined, "the client has a place");
  }
  return {
    table,
    parts,
    received: () =>
      parts.map(({ reader }) => reader.events.filter(({ event }) => event !== "gap").map(({ data }) => data)),
    gaps: () => parts.flatMap(({ reader }) => reader.events.filter(({ event }) => event === "gap")),
    async close() {
      isOver = true;
      await reading;
      for (const { reader } of parts) await reader.leave().catch(() => {});
      for (const { feed } of parts) await feed.close();
      for (const client of clients) await client.close();
    },
  };
}

for (const kind of clientKinds) {
  const check = (what: string, run: () => Promise<void>) =>
    test(`${kind.name}: ${what}`, { skip: noPostgres, timeout: 60_000 }, run);

  check("a transaction that began first and commits last is not skipped, and holds nobody up", async () => {
    const all = await join(kind, 2);
    const [one, other] = all.parts;
    const mayCommit = deferred();
    const isIn = deferred();
    const long = one!.client.transact(async (tx) => {
      await one!.log.publishIn(tx, "long 1");
      isIn.resolve();
      await mayCommit.promise;
      await one!.log.publishIn(tx, { event: "late", data: { a: 2 } });
    });
    await isIn.promise;
    await other!.feed.publish("between 1");
    await other!.client.transact((tx) => other!.log.publishIn(tx, "between 2"));
    await until(() => all.received().every(({ length }) => length === 2), "others are not held up");
    mayCommit.resolve();
    await long;
    await until(() => all.received().every(({ length }) => length === 4), "the late ones arrive");
    for (const received of all.received()) {
      assert.deepEqual(received, ["between 1", "between 2", "long 1", '{"a":2}']);
    }
    assert.deepEqual(all.gaps(), []);
    await all.close();
  });

  check("what is rolled back is never seen, nor what a savepoint takes back", async () => {
    const all = await join(kind, 1);
    const [{ client, log, feed }] = all.parts as [(typeof all.parts)[number]];
    await assert.rejects(
      client.transact(async (tx) => {
        await log.publishIn(tx, "never");
        throw new Error("no");
      }),
      /no/,
    );
    await client.transact(async (tx) => {
      await log.publishIn(tx, "kept");
      const run = "unsafe" in tx ? (text: string) => tx.unsafe(text) : (text: string) => tx.query(text);
      await run("SAVEPOINT a");
      await log.publishIn(tx, "taken back");
      await run("ROLLBACK TO SAVEPOINT a");
      await log.publishIn(tx, "kept too");
    });
    await feed.publish("end");
    await until(() => all.received()[0]!.includes("end"), "all is received");
    assert.deepEqual(all.received()[0], ["kept", "kept too", "end"]);
    assert.equal(await server.command("SELECT count(*) FROM tidings._outbox"), "0");
    await all.close();
  });

  check("transactions of random length by many writers: received is what was committed", async () => {
    const random = new Random(1);
    const all = await join(kind, 3);
    const committed = new Set<string>();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      const { client, log, feed } = all.parts[writer % 3]!;
      for (let round = 0; round < 12; round++) {
        const events = Array.from({ length: 1 + random.below(4) }, (_, i) => `${writer}:${round}:${i}`);
        if (random.oneIn(4)) {
          await Promise.all(events.map((data) => feed.publish(data)));
          for (const data of events) committed.add(data);
          continue;
        }
        const isKept = random.below(4) > 0;
        const pause = random.below(3) * 7;
        await client.transact(async (tx) => {
          for (const data of events) {
            await log.publishIn(tx, data);
            if (pause > 0) await sleep(pause);
          }
          if (!isKept) throw new Error("rolled back");
        }).then(() => {
          for (const data of events) committed.add(data);
        }, (error) => assert.match(String(error), /rolled back/));
      }
    });
    await Promise.all(writers);
    await until(
      () => all.received().every(({ length }) => length >= committed.size),
      `all ${committed.size} are received`,
    );
    const [first, ...others] = all.received();
    for (const other of others) assert.deepEqual(other, first);
    assert.deepEqual(new Set(first), committed);
    assert.equal(first!.length, committed.size);
    const order = await server.command(`SELECT payload::json ->> 'data' FROM tidings.${all.table}
      WHERE payload IS NOT NULL ORDER BY n`);
    assert.deepEqual(order.split("\n"), first);
    assert.deepEqual(all.gaps(), []);
    await all.close();
  });

  check(
    "a transaction is no pool, and an event that is none is refused before anything happens",
    async () => {
      const client = kind.open(server.url);
      const log = postgresLog(client.client, { table: "refusals", migrate: true });
      await assert.rejects(log.publishIn(client.client as never, "x"), {
        name: "TypeError",
        message: /^publishIn\(\) takes the client that runs the transaction/,
      });
      await client.transact((tx) =>
        assert.rejects(log.publishIn(tx, { event: "two\nlines" }), {
          code: "invalid-event",
          message: /event/,
        })
      );
      await client.close();
    },
  );
}

test("psql: plain SQL publishes, in one transaction into two logs", { skip: noPostgres }, async () => {
  const all = await join(clientKinds[0]!, 1);
  await server.command("SELECT tidings.create_log('other')");
  const events = () => all.parts[0]!.reader.events;
  await server.command(`
    BEGIN;
    SELECT tidings.publish('${all.table}', 'price', '{"amount":1}');
    SELECT tidings.publish('other', 'price', '{"amount":1}');
    SELECT tidings.publish('${all.table}', NULL, '"quoted é"', topic => 'acme', key => 'k"1');
    SELECT tidings.publish_payload('${all.table}', '{"data":"plain"}');
    COMMIT`);
  await until(() => events().length >= 3, "all three arrive");
  assert.deepEqual(events().map(({ event, data }) => [event, data]), [
    ["price", '{"amount":1}'],
    [undefined, '"quoted é"'],
    [undefined, "plain"],
  ]);
  assert.equal(
    await server.command("SELECT payload FROM tidings.other"),
    '{"event":"price","json":{"amount":1}}',
  );
  assert.equal(
    await server.command(`SELECT payload FROM tidings.${all.table} WHERE payload LIKE '%acme%'`),
    '{"topic":"acme","key":"k\\"1","json":"quoted é"}',
  );
  await assert.rejects(
    server.command("SELECT tidings.publish('nowhere', 'price', '1')"),
    /There is no log "nowhere"/,
  );
  await all.close();
});

test("psql: transactions that publish into the same logs in opposite order do not lock each other out", {
  skip: noPostgres,
}, async () => {
  await server.command("SELECT tidings.create_log('left'), tidings.create_log('right')");
  const publish = (first: string, second: string) =>
    server.command(`BEGIN; SELECT tidings.publish('${first}', 'x', '1'); SELECT pg_sleep(0.2);
      SELECT tidings.publish('${second}', 'x', '2'); COMMIT`);
  await Promise.all(
    Array.from({ length: 10 }, (_, i) => i % 2 ? publish("left", "right") : publish("right", "left")),
  );
  assert.equal(await server.command('SELECT count(*) FROM tidings."left"'), "10");
  assert.equal(await server.command('SELECT count(*) FROM tidings."right"'), "10");
});
