// Tests that it does not go unnoticed when a log in SQLite cannot be trimmed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { sqliteLog } from "../../lib/sqlite/mod.ts";
import { Broadcaster, type TidingsError } from "../../mod.ts";
import { sqlite, SqliteFile } from "../support/sqlite.ts";
import { until } from "../support/wait.ts";

test(`${sqlite?.name}: what cannot be trimmed is told with the publishing that asked for it`, async (t) => {
  const file = new SqliteFile();
  const errors: TidingsError[] = [];
  const feed = new Broadcaster({
    backplane: sqliteLog(file.given, { maxEvents: 1 }),
    // Longer than the longest pause between two attempts, in which the event after it comes.
    publishTimeout: 3_000,
    onError: (error) => void errors.push(error),
  });
  t.after(async () => {
    await feed.close();
    file.remove();
  });
  await until(() => feed.health().ok, "the broadcaster is well");
  await feed.publish("first");
  file.run(
    "CREATE TRIGGER kept BEFORE DELETE ON tidings_events BEGIN SELECT RAISE(ABORT, 'nothing is deleted here'); END",
  );
  await assert.rejects(feed.publish("second"), /nothing is deleted here/);
  assert.match(errors.map(({ message }) => message).join("\n"), /nothing is deleted here/);
  file.run("DROP TRIGGER kept");
  await feed.publish("third");
  const [{ many }] = file.all<{ many: number }>("SELECT count(*) AS many FROM tidings_events") as [
    { many: number },
  ];
  assert.ok(Number(many) <= 2);
});
