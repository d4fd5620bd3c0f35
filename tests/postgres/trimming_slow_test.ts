// Tests that whoever runs a log in Postgres learns that it cannot be trimmed, once, and that all else goes on.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { clientOf } from "../../lib/postgres/clients.ts";
import { postgresLog, postgresMigration } from "../../lib/postgres/mod.ts";
import { Broadcaster, type TidingsError } from "../../mod.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { clientKinds } from "../support/postgres_clients.ts";
import { turnedClock } from "../support/turned_clock.ts";
import { sleep } from "../support/wait.ts";

let server: PostgresServer;
before(async () => {
  if (!noPostgres) server = await PostgresServer.start();
});
after(async () => {
  if (!noPostgres) await server.stop();
});

const limits = { skip: noPostgres, timeout: 60_000 };
const message = { messageId: "m", payload: '{"data":"x"}' };

/** A log of its own and a role that may do all with it but delete. */
async function prepare(name: string): Promise<string> {
  const role = `keeper_${name}`;
  await server.command(`CREATE ROLE ${role} LOGIN`);
  await server.command(postgresMigration({ logs: [name], roles: [role] }));
  await server.command(`REVOKE DELETE ON tidings.${name} FROM ${role}`);
  return server.urlOf(role);
}

const count = async (name: string) => Number(await server.command(`SELECT count(*) FROM tidings.${name}`));

for (const kind of clientKinds) {
  const name = `bounded_${kind.name.replace(".", "").toLowerCase()}`;
  test(
    `${kind.name}: a role that may not delete is told once, and publishes and reads on`,
    limits,
    async () => {
      const { client, close } = kind.open(await prepare(name));
      const errors: (TidingsError & { permanent?: boolean })[] = [];
      const feed = new Broadcaster({
        backplane: postgresLog(client, { table: name, maxEvents: 10 }),
        onError: (error) => void errors.push(error),
      });
      const publish = async (many: number) => {
        for (let i = 0; i < many; i++) await feed.publish(`${i}`);
      };
      while (errors.length === 0) await publish(20);
      const [{ code, permanent, message }] = errors as [TidingsError & { permanent?: boolean }];
      assert.equal(code, "backplane-refused");
      assert.equal(permanent, true);
      assert.match(
        message,
        new RegExp(`^Cannot trim Postgres log "${name}": the role may not do this\. It needs`),
      );
      assert.match(message, /set "maxEvents" to Infinity/);
      assert.match(message, /permission denied/);

      // It is tried again and again, and told no more; what is published arrives all the same.
      const response = feed.subscribe(new Request("http://localhost/"));
      await publish(300);
      assert.equal(errors.length, 1, String(errors.at(1)));
      assert.equal(feed.health().ok, true);
      assert.ok(await count(name) >= 320);
      await response.body!.cancel();

      // With the right it does what it could not; and without it once more it says so once more.
      const role = `keeper_${name}`;
      await server.command(`GRANT DELETE ON tidings.${name} TO ${role}`);
      for (let kept = Infinity; kept > 100; kept = await count(name)) await publish(20);
      await server.command(`REVOKE DELETE ON tidings.${name} FROM ${role}`);
      while (errors.length === 1) await publish(20);
      assert.equal(errors[1]!.message, message);
      await feed.close();
      await close();
    },
  );
}

test("a log without bounds is never trimmed, so its role needs no right to delete", limits, async () => {
  const { client, close } = clientKinds[0]!.open(await prepare("endless"));
  const clock = turnedClock();
  const connector = clientOf("the test", client, clock);
  let opened = 0;
  const open = () => (opened++, connector.open());
  const log = postgresLog({ open }, { table: "endless", maxEvents: Infinity, listen: false, clock });
  const reader = await log.open();
  const [place] = await reader.before(undefined, 1);
  for (let i = 0; i < 60; i++) await log.append(message);
  clock.pass(3_600_000);
  assert.equal((await reader.range(place!.id, 100)).length, 61);
  // One to read and one to append: whoever trims opens another, in the turn in which entries were read.
  assert.equal(opened, 2);
  reader.close();
  log.close?.();
  await close();
});

test("what fails once, and may pass, is told when it has failed twice", limits, async () => {
  const { client, close } = clientKinds[0]!.open(server.url);
  await server.command(postgresMigration({ logs: ["shaky"] }));
  const told: string[] = [];
  const log = postgresLog(client, { table: "shaky", maxEvents: 10 });
  const reader = await log.open(({ code, message }) => void told.push(`${code}: ${message}`));
  const [place] = await reader.before(undefined, 1);
  await server.command(`
    CREATE SEQUENCE shakes;
    CREATE FUNCTION shake() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM nextval('shakes'); RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER shake BEFORE DELETE ON tidings.shaky EXECUTE FUNCTION shake()`);
  const failures = async () =>
    Number(await server.command("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM shakes"));
  const read = async () => {
    for (let i = 0; i < 60; i++) await log.append(message);
    await reader.range(place!.id, 1_000);
  };
  // Read once, it is trimmed once.
  await read();
  while (await failures() < 1) await sleep(5);
  // Long enough for the failure to come back, and for whoever would tell of it.
  for (let i = 0; i < 20; i++) await log.append(message);
  assert.deepEqual(told, []);
  while (told.length === 0) await read();
  assert.match(
    told[0]!,
    /^backplane-unavailable: Cannot trim Postgres log "shaky": the server's disk is full.*tried again$/,
  );
  const before = await failures();
  while (await failures() < before + 3) await read();
  assert.equal(told.length, 1);
  reader.close();
  log.close?.();
  await close();
});
