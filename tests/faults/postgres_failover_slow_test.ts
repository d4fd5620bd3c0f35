// Tests broadcasters over a Postgres whose primary dies, and whose standby takes over: what it had not received is told as lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { postgresLog } from "../../lib/postgres/mod.ts";
import { Cluster } from "../support/cluster.ts";
import { MemoryClient, request } from "../support/memory_client.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { type ClientKind, clientKinds } from "../support/postgres_clients.ts";
import { Relay } from "../support/relay.ts";
import { sleep, until } from "../support/wait.ts";

const table = "events";

/** A primary with a standby, and broadcasters that reach one of the two through relays. */
class Pair {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  /** What the primary commits goes to the standby through it. */
  readonly replication: Relay;
  readonly cluster: Cluster;

  private constructor(
    primary: PostgresServer,
    standby: PostgresServer,
    replication: Relay,
    cluster: Cluster,
  ) {
    this.primary = primary;
    this.standby = standby;
    this.replication = replication;
    this.cluster = cluster;
  }

  static async start(kind: ClientKind): Promise<Pair> {
    const primary = await PostgresServer.start();
    const replication = await Relay.start(primary.port);
    const standby = await primary.standby(replication.port);
    const none = () => Promise.reject(new Error("This is done to the pair"));
    const cluster = await Cluster.start({
      name: kind.name,
      skip: noPostgres,
      start: () =>
        Promise.resolve({
          async join() {
            const relay = await Relay.start(primary.port);
            const { client, close } = kind.open(primary.urlOf("postgres", relay.port));
            return { backplane: postgresLog(client, { table, migrate: true }), relay, leave: close };
          },
          kill: none,
          run: none,
          freeze: none,
          thaw: none,
          wipe: none,
          async stop() {
            replication.release();
            await replication.close();
            await Promise.all([primary.stop(), standby.stop()]);
          },
        }),
    }, {});
    return new Pair(primary, standby, replication, cluster);
  }

  /** How many entries a server has. */
  static async count(server: PostgresServer): Promise<number> {
    return Number(await server.command(`SELECT count(*) FROM tidings.${table}`));
  }

  /** Waits until the standby has all. */
  async replicated(): Promise<void> {
    for (const wanted = await Pair.count(this.primary); await Pair.count(this.standby) < wanted;) {
      await sleep(20);
    }
  }

  /** The primary dies, everybody is led to the standby, and then that takes over. */
  async failOver(): Promise<void> {
    await this.primary.kill();
    for (const { relay } of this.cluster.nodes) relay.aim(this.standby.port);
    await until(
      () => this.cluster.nodes.every(({ feed }) => !feed.health().ok),
      "the nodes notice: a standby takes no writes, and lets nobody listen",
    );
    await this.standby.promote();
    await this.cluster.healthy(30_000);
  }
}

for (const kind of clientKinds) {
  const check = (what: string, run: (pair: Pair) => Promise<void>) =>
    test(`${kind.name}: ${what}`, { skip: noPostgres, timeout: 120_000 }, async () => {
      const pair = await Pair.start(kind);
      try {
        await run(pair);
      } finally {
        await pair.cluster.stop();
      }
    });

  check("a standby that lagged takes over: each client is told what was lost, and goes on", async (pair) => {
    const { cluster, primary, standby, replication } = pair;
    await cluster.witness();
    await cluster.publish(30);
    await cluster.settle({ gaps: 0 });
    await pair.replicated();

    replication.hold();
    await cluster.publish(40);
    await cluster.settle({ gaps: 0 });
    const [had, has] = [await Pair.count(primary), await Pair.count(standby)];
    assert.ok(had >= has + 40, `the standby lags: ${has} of ${had}`);
    // Clients have read what is about to be lost, and one comes back with such an id.
    const client = new MemoryClient(cluster.nodes[0]!.feed.subscribe(request({}), { topics: "*" }));
    await client.until(() => client.lastEventId !== undefined, "it has a place");
    await client.leave();

    await pair.failOver();
    await cluster.publish(10);
    await until(() => cluster.witnesses.every(({ gaps }) => gaps > 0), "each client is told");
    await cluster.publish(60, { node: 1 });
    await cluster.settle();
    for (const { gaps } of cluster.witnesses) {
      assert.ok(gaps <= 1 + cluster.nodes.length, `${gaps} gaps for one loss`);
    }
    for (const { feed } of cluster.nodes) {
      const back = new MemoryClient(
        feed.subscribe(request({ lastEventId: client.lastEventId! }), { topics: "*" }),
      );
      await back.until(() => back.events.at(-1)?.data === "1:59", "it has what is there");
      assert.equal(back.events.filter(({ event }) => event === "gap").length > 0, true, "it is told first");
      await back.leave();
    }
  });

  check("a standby that commits wait for takes over: nothing is lost, and nothing told", async (pair) => {
    const { cluster, primary } = pair;
    await primary.command("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await primary.command("SELECT pg_reload_conf()");
    await cluster.witness();
    await cluster.publish(30);
    const publishing = cluster.publish(300);
    await until(() => cluster.acknowledged[0]!.size > 100, "100 are acknowledged");
    await pair.failOver();
    await publishing;
    await cluster.settle({ gaps: 0 });
    assert.equal(cluster.acknowledged[0]!.size, 330);
  });
}
