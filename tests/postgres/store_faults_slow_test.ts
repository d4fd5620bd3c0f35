// Tests what a store in Postgres does when its server is killed: nothing that was acknowledged is lost, and readers count again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { postgresStore } from "../../lib/postgres/mod.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { clientKinds } from "../support/postgres_clients.ts";
import { sleep, until } from "../support/wait.ts";

for (const kind of clientKinds) {
  test(`${kind.name}: killed and restarted while events are appended`, {
    skip: noPostgres,
    timeout: 60_000,
  }, async () => {
    const server = await PostgresServer.start();
    const [own, other] = [kind.open(server.url), kind.open(server.url)];
    const store = postgresStore(own.client, { migrate: true });
    const watching = postgresStore(other.client, { migrate: true });
    const stay = { lease: 60_000, keep: 60_000 };
    assert.equal(await store.create("s", { ...stay, epoch: "e", owner: "a", token: "t" }), true);
    let changes = 0;
    const stop = watching.watch("s", { appended: () => {}, changed: () => changes++ });
    await until(() => changes > 0, "watching has begun");
    // Repeated until it succeeds, as its owner does.
    const append = async (first: number) => {
      for (;;) {
        try {
          return await store.append("s", {
            ...stay,
            token: "t",
            first,
            frames: [`data: ${first}\n\n`],
            trim: 0,
          });
        } catch (error) {
          assert.equal((error as { code?: unknown }).code, "backplane-unavailable", String(error));
          await sleep(50);
        }
      }
    };
    for (let seq = 1; seq <= 60; seq++) {
      if (seq === 20) {
        await server.kill();
        void sleep(300).then(() => server.run());
      }
      assert.equal((await append(seq)).written, true);
    }
    const page = await watching.read("s", 0, 1 << 20);
    assert.deepEqual(page!.records.map(({ seq }) => seq), Array.from({ length: 60 }, (_, i) => i + 1));
    await until(() => changes > 1, "the watcher is told of the interruption");
    // The account of who watches is gone with the server, and is made again.
    let readers = 0;
    for (let seq = 61; readers === 0; seq++) {
      const appended = await append(seq);
      readers = appended.written ? appended.readers : -1;
      await sleep(50);
    }
    assert.equal(readers, 1);
    stop();
    store.close();
    watching.close();
    await own.close();
    await other.close();
    await server.stop();
  });
}
