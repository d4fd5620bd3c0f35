// Tests broadcasters over a real Redis, with each client, and what may happen to it.
import { redisStreams } from "../../lib/redis/mod.ts";
import "../support/cluster_kill.ts";
import { clusterScenarios } from "../support/cluster_scenarios.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { clientKinds } from "../support/redis_clients.ts";
import { Relay } from "../support/relay.ts";

const key = "events";

for (const kind of clientKinds) {
  clusterScenarios({
    name: kind.name,
    skip: noRedis,
    async start({ maxMessages = 100_000, persistent = true }) {
      let server = await RedisServer.start({ appendOnly: persistent });
      const servers = [server];
      const relays: Relay[] = [];
      let link: Relay | undefined;
      return {
        async join() {
          const relay = await Relay.start(server.port);
          relays.push(relay);
          const { client, close } = kind.open(server.url.replace(`${server.port}`, `${relay.port}`));
          return {
            backplane: redisStreams(client, { stream: key, maxEvents: maxMessages }),
            relay,
            leave: () => Promise.resolve(close()),
          };
        },
        kill: () => server.kill(),
        run: () => server.run(),
        freeze: () => server.freeze(),
        thaw: () => server.thaw(),
        wipe: async () => void await server.command("FLUSHALL"),
        // A replica that does not hear of what comes after is promoted, while the primary is killed.
        rewind: {
          givesIdsAgain: false,
          async remember() {
            link = await Relay.start(server.port);
            servers.push(await RedisServer.start({ replicaOf: link.port }));
            link.hold();
          },
          async rewind() {
            await server.kill();
            await link!.close();
            server = servers.at(-1)!;
            await server.command("REPLICAOF", "NO", "ONE");
            for (const relay of relays) relay.aim(server.port);
          },
        },
        async stop() {
          for (const each of servers) await each.stop();
        },
      };
    },
  });
}
