// Tests logs in Postgres against the contract of a backplane, by each client, told by LISTEN and by looking.
import { after, before } from "node:test";
import { postgresLog } from "../../lib/postgres/mod.ts";
import { backplaneContract } from "../support/backplane_contract.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { clientKinds } from "../support/postgres_clients.ts";

let server: PostgresServer;
before(async () => {
  if (!noPostgres) server = await PostgresServer.start();
});
after(async () => {
  if (!noPostgres) await server.stop();
});

let logs = 0;
const ways = clientKinds.map(({ name, open }) => ({ name, open, listens: true }));
for (
  const { name, open, listens } of [...ways, {
    ...ways[0]!,
    name: `${ways[0]!.name}, polling`,
    listens: false,
  }]
) {
  backplaneContract({
    name,
    skip: noPostgres,
    strangeIds: ["1-1", "9223372036854775807-999999999999999", "999999999999999-1"],
    async make() {
      const table = `contract_${logs++}`;
      const [own, other] = [open(server.url), open(server.url)];
      const options = { table, migrate: true, ...(listens ? {} : { listen: false as const }) };
      await Promise.all([own.warm(), other.warm()]);
      const [backplane, elsewhere] = [postgresLog(own.client, options), postgresLog(other.client, options)];
      return {
        backplane,
        elsewhere,
        trim: async (keep: number) =>
          void await server.command(
            `DELETE FROM tidings.${table} WHERE n NOT IN
              (SELECT n FROM tidings.${table} ORDER BY n DESC LIMIT ${keep})`,
          ),
        loseTail: async (count: number) =>
          void await server.command(
            `DELETE FROM tidings.${table} WHERE n IN
              (SELECT n FROM tidings.${table} ORDER BY n DESC LIMIT ${count})`,
          ),
        wipe: async () => void await server.command(`TRUNCATE tidings.${table} RESTART IDENTITY`),
        disconnect: () => server.disconnect(),
        connections: () => server.connections(),
        async close() {
          backplane.close?.();
          elsewhere.close?.();
          await Promise.all([own.close(), other.close()]);
        },
      };
    },
  });
}
