// Tests broadcasters over a real Postgres, with each client, and what may happen to it.
import { postgresLog } from "../../lib/postgres/mod.ts";
import { clusterScenarios } from "../support/cluster_scenarios.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { clientKinds } from "../support/postgres_clients.ts";
import { Relay } from "../support/relay.ts";

const table = "events";

for (const kind of clientKinds) {
  clusterScenarios({
    name: kind.name,
    skip: noPostgres,
    async start({ maxMessages = 100_000, persistent = true }) {
      const server = await PostgresServer.start();
      return {
        async join() {
          const relay = await Relay.start(server.port);
          const { client, close } = kind.open(server.urlOf("postgres", relay.port));
          return {
            backplane: postgresLog(client, { table, maxEvents: maxMessages, migrate: true }),
            relay,
            leave: close,
          };
        },
        kill: () => server.kill(),
        run: () => persistent ? server.run() : server.begin(),
        freeze: () => server.freeze(),
        thaw: () => server.thaw(),
        wipe: async () => void await server.command(`TRUNCATE tidings.${table}`),
        // A backup is restored that is older than what was acknowledged since.
        rewind: {
          givesIdsAgain: false,
          remember: () => server.backUp(),
          rewind: () => server.restore(),
        },
        stop: () => server.stop(),
      };
    },
  });
}
