// Tests streams in Postgres against the contract of a store, by each client.
import { after, before, test } from "node:test";
import { postgresStore } from "../../lib/postgres/mod.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { clientKinds, type OpenClient } from "../support/postgres_clients.ts";
import { storeContract } from "../support/store_contract.ts";

let server: PostgresServer;
before(async () => {
  if (!noPostgres) server = await PostgresServer.start();
});
after(async () => {
  if (!noPostgres) await server.stop();
});

let places = 0;
for (const { name, open } of noPostgres ? [] : clientKinds) {
  storeContract(name, () => {
    const prefix = `contract-${places++}`;
    const clients: OpenClient[] = [];
    return Promise.resolve({
      open: () => {
        const client = open(server.url);
        clients.push(client);
        return postgresStore(client.client, { prefix, migrate: true });
      },
      close: async () => {
        for (const client of clients) await client.close();
      },
    });
  });
}
if (noPostgres) test("the contract of a store", { skip: noPostgres }, () => {});
