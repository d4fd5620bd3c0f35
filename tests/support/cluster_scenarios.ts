/**
 * Does to real engines, networks and nodes the faults that they may have, and checks what their clients then receive. One
 * list for all engines: {@linkcode clusterScenarios}.
 *
 * @module
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BroadcasterOptions } from "../../mod.ts";
import { Cluster, type Engine, type EngineOptions } from "./cluster.ts";
import { keepCutting } from "./relay.ts";
import { sleep, until } from "./wait.ts";

/** Runs all scenarios against an engine. */
export function clusterScenarios(engine: Engine): void {
  const scenario = (
    what: string,
    options: EngineOptions & { nodes?: number; broadcaster?: BroadcasterOptions },
    run: (cluster: Cluster) => Promise<void>,
  ) =>
    test(
      `${engine.name}: ${what}`,
      { skip: engine.skip, timeout: 90_000 },
      async () => {
        const cluster = await Cluster.start(engine, options);
        try {
          await run(cluster);
        } finally {
          await cluster.stop();
        }
      },
    );

  scenario("what any node publishes reaches the clients of all, once and in order", {
    nodes: 3,
  }, async (cluster) => {
    await cluster.witness();
    await Promise.all([0, 1, 2].map((node) => cluster.publish(200, { node, every: node })));
    await cluster.settle({ gaps: 0 });
    // All in one order.
    const [first, ...others] = cluster.witnesses;
    for (const { steps } of others) assert.deepEqual(steps, first!.steps);
    for (const { errors } of cluster.nodes) assert.deepEqual(errors, []);
  });

  scenario(
    "killed while events are published, and restarted with all it had: nothing lost",
    {},
    async (cluster) => {
      await cluster.witness();
      const publishing = cluster.publish(500);
      for (const at of [100, 300]) {
        await until(() => cluster.acknowledged[0]!.size > at, `${at} are acknowledged`);
        await cluster.server.kill();
        await sleep(300);
        await cluster.server.run();
      }
      await publishing;
      await cluster.healthy();
      await cluster.settle({ gaps: 0 });
      assert.equal(cluster.acknowledged[0]!.size, 500);
    },
  );

  scenario("restarted with nothing: one gap for each client, then it goes on", {
    persistent: false,
  }, async (cluster) => {
    await cluster.witness();
    await cluster.publish(50);
    await cluster.settle({ gaps: 0 });
    await cluster.server.kill();
    await cluster.server.run();
    await cluster.publish(50, { node: 1 });
    await cluster.settle({ gaps: 1 });
    await cluster.publish(50);
    await cluster.settle({ gaps: 1 });
  });

  scenario("wiped while it runs: one gap for each client, then it goes on", {}, async (cluster) => {
    await cluster.witness();
    await cluster.publish(50);
    await cluster.settle({ gaps: 0 });
    await cluster.server.wipe();
    await until(
      () => cluster.witnesses.every(({ gaps }) => gaps > 0),
      "each client is told, also while nothing is published",
    );
    await cluster.publish(50);
    await cluster.settle({ gaps: 1 });
  });

  scenario("frozen for longer than a call may take: nothing lost, and health tells", {}, async (cluster) => {
    await cluster.witness();
    await cluster.publish(50);
    await cluster.server.freeze();
    const publishing = cluster.publish(50, { every: 20 });
    try {
      await until(
        () => cluster.nodes.every(({ feed }) => !feed.health().ok),
        "the nodes say that they are not well",
      );
    } finally {
      cluster.server.thaw();
    }
    await publishing;
    await cluster.healthy();
    await cluster.settle({ gaps: 0 });
    assert.equal(cluster.acknowledged[0]!.size, 100);
  });

  scenario("connections that break every 200 ms: nothing lost, nothing out of order", {}, async (cluster) => {
    await cluster.witness();
    const stopCutting = keepCutting(
      cluster.nodes.map(({ relay }) => relay),
      () => cluster.acknowledged[0]!.size,
    );
    try {
      await cluster.publish(800);
    } finally {
      stopCutting();
    }
    await cluster.settle({ gaps: 0, ms: 30_000 });
    assert.equal(cluster.acknowledged[0]!.size, 800);
  });

  scenario("trimmed while one node could not read: one gap for its clients, none for the others", {
    maxMessages: 100,
  }, async (cluster) => {
    await cluster.witness(1);
    await cluster.publish(20);
    await cluster.settle({ gaps: 0 });
    const [near, far] = cluster.witnesses;
    cluster.nodes[1]!.relay.hold();
    // Redis trims roughly, some hundred entries at a time.
    for (let i = 0; i < 20; i++) {
      await cluster.publish(50, { every: 0 });
      // The other node must not fall behind by what is kept, however busy the machine is.
      const last = Math.max(...cluster.acknowledged[0]!);
      await until(() => near!.last(0) === last, "the other node has read all");
    }
    cluster.nodes[1]!.relay.cut();
    cluster.nodes[1]!.relay.release();
    await cluster.healthy();
    await cluster.publish(20);
    await cluster.settle();
    assert.equal(near!.gaps, 0);
    assert.equal(far!.gaps, 1);
  });

  scenario(
    "set back to an earlier state: each client is told, and nobody starves",
    {},
    async (cluster) => {
      const { rewind } = cluster.server;
      if (rewind === undefined) return;
      await cluster.witness();
      await cluster.publish(20);
      await rewind.remember();
      await cluster.publish(30);
      await cluster.settle({ gaps: 0 });
      await rewind.rewind();
      await cluster.publish(10);
      // One of the node's own, and one that the log says to all, for there might have been nodes that had read less: each node
      // that notices before it has read that another did says so.
      const isTold = () => cluster.witnesses.every(({ gaps }) => gaps >= 2);
      await until(isTold, "each client is told twice");
      // As many as were lost, and more: whoever waits for an old id to be passed would be served wrongly.
      await cluster.publish(60, { node: 1 });
      // Where lost ids are given again a node that notices late goes on behind what took their place, as its gap says.
      if (rewind.givesIdsAgain) await cluster.publish(1);
      await cluster.settle();
      for (const { gaps } of cluster.witnesses) {
        assert.ok(gaps <= 1 + cluster.nodes.length, `${gaps} gaps for one loss`);
      }
    },
  );

  scenario(
    "a client that is somewhere else at every reconnect, also where less was read: the exact sequence",
    {
      nodes: 3,
    },
    async (cluster) => {
      await cluster.witness();
      let publishing = true;
      const done = cluster.publish(800).finally(() => publishing = false);
      const slow = cluster.nodes[2]!.relay;
      for (let round = 0; publishing; round++) {
        if (round % 4 === 0) slow.hold();
        await sleep(30);
        for (const [index, witness] of cluster.witnesses.entries()) {
          if ((index + round) % 2 === 0) await witness.move(cluster.nodes[(index + round) % 3]!.feed);
        }
        if (round % 4 === 2) slow.release();
      }
      slow.release();
      await done;
      await cluster.settle({ gaps: 0 });
    },
  );

  scenario(
    "an acknowledgement that is lost: the event arrives once",
    {},
    async (cluster) => {
      await cluster.witness();
      await cluster.publish(5);
      for (let i = 0; i < 3; i++) {
        const { relay } = cluster.nodes[0]!;
        relay.deafen();
        const publishing = cluster.publish(10);
        await sleep(100);
        relay.cut();
        await publishing;
      }
      await cluster.settle({ gaps: 0 });
      assert.equal(cluster.acknowledged[0]!.size, 35);
    },
  );

  scenario("a node that is closed hands its clients to the others, each with its exact sequence", {
    nodes: 3,
  }, async (cluster) => {
    await cluster.witness(4);
    let moving = true;
    const mover = (async () => {
      while (moving) {
        for (const witness of cluster.witnesses) {
          if (!witness.isConnected) await witness.move(cluster.nodes[2]!.feed);
        }
        await sleep(10);
      }
    })();
    const publishing = cluster.publish(600, { node: 2 });
    try {
      for (const { feed } of cluster.nodes.slice(0, 2)) {
        await sleep(200);
        await feed.close({ retry: 100, within: 300 });
      }
      await publishing;
      await cluster.settle({ gaps: 0 });
    } finally {
      moving = false;
      await mover;
    }
  });
}
