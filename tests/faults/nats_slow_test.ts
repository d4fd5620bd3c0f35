// Tests broadcasters over a real JetStream, and what may happen to it: fault by fault, and by plans of random faults.
import { jetStream } from "../../lib/nats/mod.ts";
import { clusterPlans } from "../support/cluster_plans.ts";
import { clusterScenarios } from "../support/cluster_scenarios.ts";
import { NatsServer, noNats } from "../support/nats.ts";
import { JetStreamLog } from "../support/nats_log.ts";
import { Relay } from "../support/relay.ts";

const stream = "events";

clusterScenarios({
  name: "JetStream",
  skip: noNats,
  async start({ maxMessages = 100_000, persistent = true }) {
    const server = await NatsServer.start();
    const options = {
      stream,
      maxEvents: maxMessages,
      storage: persistent ? "file" as const : "memory" as const,
    };
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
        givesIdsAgain: true,
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

clusterPlans({
  name: "JetStream",
  skip: noNats,
  count: 16,
  atOnce: 8,
  each: 12_000,
  start: () => Promise.resolve({ make: () => JetStreamLog.start(), stop: () => Promise.resolve() }),
});
