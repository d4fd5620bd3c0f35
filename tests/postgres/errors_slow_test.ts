// Tests what people read when Postgres refuses, and that a role with the listed rights, and no more, is enough.
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer } from "node:net";
import { after, before, test } from "node:test";
import { postgresLog, postgresMigration, postgresStore } from "../../lib/postgres/mod.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { clientKinds } from "../support/postgres_clients.ts";
import { freePort } from "../../examples/cluster/parts/free_port.ts";
import { until } from "../support/wait.ts";

let server: PostgresServer;
before(async () => {
  if (!noPostgres) server = await PostgresServer.start();
});
after(async () => {
  if (!noPostgres) await server.stop();
});

const message = { messageId: "m", payload: '{"data":"x"}' };

for (const kind of clientKinds) {
  const check = (what: string, run: () => Promise<void>) =>
    test(`${kind.name}: ${what}`, { skip: noPostgres, timeout: 60_000 }, run);

  check("a role needs no more than the rights that the migration gives", async () => {
    const role = `app_${kind.name.replace(".", "").toLowerCase()}`;
    const name = `limited_${role}`;
    await server.command(`CREATE ROLE ${role} LOGIN`);
    await server.command(postgresMigration({ logs: [name], store: true, roles: [role] }));
    // What is run again changes nothing.
    await server.command(postgresMigration({ logs: [name], store: true, roles: [role] }));
    const { client, transact, close } = kind.open(server.urlOf(role));
    const log = postgresLog(client, { table: name, migrate: true });
    const reader = await log.open();
    const [place] = await reader.before(undefined, 1);
    for (let i = 0; i < 100; i++) await log.append(message);
    await transact((tx) => log.publishIn(tx, "in a transaction"));
    let read = 0;
    for (let from = place!.id;;) {
      const entries = await reader.range(from, 20);
      read += entries.length - 1;
      if (entries.length === 1) break;
      from = entries.at(-1)!.id;
    }
    assert.ok(read >= 100, `${read} entries`);
    // Trimming is among the rights, and would have come too early for what was read.
    const trimming = postgresLog(client, { table: name, maxEvents: 10 });
    const trimmer = await trimming.open();
    for (let kept = 101; kept > 60;) {
      await trimmer.range(place!.id, 100);
      kept = Number(await server.command(`SELECT count(*) FROM tidings.${name}`));
    }
    for (const each of [reader, trimmer]) each.close();
    for (const each of [log, trimming]) each.close?.();

    const store = postgresStore(client, { prefix: role, migrate: true });
    const own = { owner: "a", token: "a:1", lease: 1_000, keep: 1_000 };
    assert.equal(await store.create("s", { ...own, epoch: "e" }), true);
    let changes = 0;
    const stop = store.watch("s", { appended: () => {}, changed: () => changes++ });
    await until(() => changes > 0, "watching has begun");
    const batch = { token: "a:1", lease: 1_000, keep: 1_000, first: 1, frames: ["data: 1\n\n"], trim: 0 };
    assert.deepEqual(await store.append("s", batch), { written: true, readers: 1 });
    assert.equal((await store.claim("s", own))?.last, 1);
    assert.equal((await store.end("s", { state: "stopped", keep: 1_000 }))?.state, "stopped");
    assert.deepEqual(await store.overdue(), []);
    stop();
    store.close();

    // It may not make anything.
    await assert.rejects(postgresLog(client, { table: "unknown", migrate: true }).append(message), {
      code: "backplane-refused",
      permanent: true,
      message:
        /^Postgres log "unknown": the role may not do this\. It needs the rights that postgresMigration\(\)/,
    });
    await close();
  });

  check("what is missing is told with what to do", async () => {
    const { client, close } = kind.open(server.url);
    const refused = {
      name: "TidingsError",
      code: "backplane-refused",
      permanent: true,
      message: /^Postgres log "none": what it needs is not there\. Run what postgresMigration\(\) gives/,
    };
    const log = postgresLog(client, { table: "none" });
    await assert.rejects(log.append(message), refused);
    const reader = await log.open();
    await assert.rejects(reader.before(undefined, 1), refused);
    reader.close();
    log.close?.();
    await close();
  });

  check("a server that is not there is unavailable, and a database that is not is refused", async () => {
    const absent = kind.open(`postgres://postgres@127.0.0.1:${await freePort()}/postgres`);
    const away = { code: "backplane-unavailable", message: /^Postgres log "x" cannot be reached: / };
    await assert.rejects(postgresLog(absent.client, { table: "x" }).append(message), away);
    await assert.rejects(postgresLog(absent.client, { table: "x" }).open(), away);
    await absent.close();
    const wrong = kind.open(server.url.replace(/postgres$/, "nowhere"));
    await assert.rejects(postgresLog(wrong.client, { table: "x" }).append(message), {
      code: "backplane-refused",
      message: /there is no such database/,
    });
    await wrong.close();
  });

  check(
    "notifications that do not arrive, as behind a pooler: it says what LISTEN needs, and works without",
    async () => {
      const pooler = await withoutNotifications(server.port);
      const { client, close } = kind.open(server.urlOf("postgres", pooler.port));
      const direct = kind.open(server.url);
      await assert.rejects(postgresLog(client, { table: "pooled", migrate: true }).open(), {
        code: "backplane-unavailable",
        message:
          /notifications do not arrive\. LISTEN needs a session of its own, which a pooler in transaction mode/,
      });
      for (const listen of [false as const, direct.client]) {
        const log = postgresLog(client, { table: "pooled", migrate: true, listen });
        const reader = await log.open();
        const [place] = await reader.before(undefined, 1);
        const begun = performance.now();
        const waiting = reader.range(place!.id, 10).then(() => reader.wait(place!.id, 10));
        const id = await log.append(message);
        await waiting;
        assert.ok(performance.now() - begun < 1_500, "it was woken");
        assert.equal((await reader.range(place!.id, 10)).at(-1)!.id, id);
        reader.close();
        log.close?.();
      }
      await close();
      await direct.close();
      pooler.close();
    },
  );
}

test("pg: a lock that is held for long is told, and what waits lands after it", {
  skip: noPostgres,
  timeout: 60_000,
}, async () => {
  const { client, close } = clientKinds[0]!.open(server.url);
  await server.command(postgresMigration({ logs: ["held"] }));
  const log = postgresLog(client, { table: "held" });
  await log.append(message);
  const holding = server.command(
    `BEGIN; SET CONSTRAINTS ALL IMMEDIATE; SELECT tidings.publish('held', 'x', '1'); SELECT pg_sleep(4.5); COMMIT`,
  );
  let isHeld = false;
  while (!isHeld) {
    isHeld =
      await server.command("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted") !== "0";
  }
  await assert.rejects(log.append(message), {
    code: "backplane-unavailable",
    message: /holds the log's lock for long/,
  });
  await holding;
  await log.append(message);
  log.close?.();
  await close();
});

test("options are checked by their names and values", () => {
  const connector = { open: () => Promise.reject(new Error("none")) };
  const wrong = (options: object, client: unknown = connector) => () =>
    postgresLog(client as never, options as never);
  assert.throws(
    wrong({ table: "Orders" }),
    /^TypeError: Option "table" must be a name of 1 to 40 small letters/,
  );
  assert.throws(wrong({ table: "x", tabel: "y" }), /^TypeError: Unknown option "tabel" of postgresLog/);
  assert.throws(wrong({ table: "x", maxEvents: 0 }), /^TypeError: Option "maxEvents" must be a whole number/);
  assert.throws(wrong({ table: "x", listen: false }, {}), /^TypeError: postgresLog\(\) takes a pool of pg/);
  assert.throws(wrong({ table: "x" }), /^TypeError: postgresLog\(\) needs a session to LISTEN/);
  assert.throws(() => postgresStore(connector), /^TypeError: postgresStore\(\) needs a session to LISTEN/);
  assert.throws(() => postgresMigration({ logs: ["a b"] }), /^TypeError: Option "logs" must be a name/);
});

/** A relay that keeps notifications back: a server's messages are a letter and a length, and those begin with an A. */
async function withoutNotifications(target: number) {
  const relay = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    let held = Buffer.alloc(0);
    far.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 5) {
        const end = 1 + held.readUInt32BE(1);
        if (held.length < end) return;
        if (held[0] !== 0x41) near.write(held.subarray(0, end));
        held = held.subarray(end);
      }
    });
    near.pipe(far);
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      socket.on("error", () => {});
      socket.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  return { port: (relay.address() as AddressInfo).port, close: () => relay.close() };
}
