// Checks the promises of resumable streams on a real Postgres, over which each process has connections of its own.
import { after, before, test } from "node:test";
import { postgresStore } from "../../lib/postgres/mod.ts";
import { noPostgres, PostgresServer } from "../support/postgres.ts";
import { clientKinds, type OpenClient } from "../support/postgres_clients.ts";
import { resumableScenarios } from "../support/resumable_scenarios.ts";

let server: PostgresServer;
before(async () => {
  if (!noPostgres) server = await PostgresServer.start();
});
after(async () => {
  if (!noPostgres) await server.stop();
});

let places = 0;
const [kind] = noPostgres ? [] : clientKinds;
if (kind !== undefined) {
  resumableScenarios(`Postgres, ${kind.name}`, () => {
    const prefix = `streams-${places++}`;
    const clients: OpenClient[] = [];
    return Promise.resolve({
      open() {
        const client = kind.open(server.url);
        clients.push(client);
        return postgresStore(client.client, { prefix, migrate: true });
      },
      async close() {
        for (const client of clients) await client.close();
      },
    });
  });
}
if (noPostgres) test("resumable streams on Postgres", { skip: noPostgres }, () => {});
