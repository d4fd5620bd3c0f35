// Broadcasters over a real JetStream, and what may happen to it. Random faults are done to it where they are asked for:
// SEEDS=20 runs so many plans of them, SEED=17 that one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { jetStream } from "../lib/nats/mod.ts";
import { checkProperty, type Outcome } from "./support/cluster_property.ts";
import { clusterScenarios } from "./support/cluster_scenarios.ts";
import { NatsServer, noNats } from "./support/nats.ts";
import { JetStreamLog } from "./support/nats_log.ts";
import { Relay } from "./support/relay.ts";

const stream = "events";

clusterScenarios({
  name: "JetStream",
  skip: noNats,
  async start({ maxMessages = 100_000, persistent = true }) {
    const server = await NatsServer.start();
    const options = { stream, maxMessages, storage: persistent ? "file" as const : "memory" as const };
    return {
      async join() {
        const relay = await Relay.start(server.port);
        const { client, connection } = await server.connect({ port: relay.port });
        return { backplane: jetStream(client, options), relay, leave: () => connection.close() };
      },
      kill: () => server.kill(),
      run: () => server.run(),
      freeze: () => server.freeze(),
      thaw: () => server.thaw(),
      async wipe() {
        const operator = await server.connect();
        await (await operator.manager()).streams.delete(stream);
        await operator.close();
      },
      rewind: {
        async remember() {
          await server.kill();
          server.saveStore();
          await server.run();
        },
        async rewind() {
          await server.kill();
          server.restoreStore();
          await server.run();
        },
      },
      stop: () => server.stop(),
    };
  },
});

const seeds = process.env.SEED !== undefined
  ? [Number(process.env.SEED)]
  : Array.from({ length: Number(process.env.SEEDS ?? 0) }, (_, seed) => seed);

test(`JetStream: what was published was received, or a gap told of it: ${seeds.length} plans of faults`, {
  skip: noNats || (seeds.length === 0 ? "SEEDS says how many" : false),
  timeout: 280_000,
}, async () => {
  const sum: Outcome = { published: 0, received: 0, gaps: 0, destroyed: 0, doubled: 0 };
  for (const seed of seeds) {
    const outcome = await checkProperty(seed, await JetStreamLog.start());
    for (const key of Object.keys(sum) as (keyof Outcome)[]) sum[key] += outcome[key];
  }
  console.log(`JetStream, seeds ${seeds[0]} to ${seeds.at(-1)}:`, JSON.stringify(sum));
  assert.ok(sum.received > 0);
});
