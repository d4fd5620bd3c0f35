// Checks the promises of resumable streams on a real JetStream, over which each process has a connection of its own.
import { after, before, test } from "node:test";
import { jetStreamStore } from "../../lib/nats/mod.ts";
import { type NatsClient, NatsServer, noNats } from "../support/nats.ts";
import { resumableScenarios } from "../support/resumable_scenarios.ts";

let server: NatsServer;
before(async () => {
  if (!noNats) server = await NatsServer.start();
});
after(async () => {
  if (!noNats) await server.stop();
});

let places = 0;
if (noNats) test("resumable streams on JetStream", { skip: noNats }, () => {});
else {
  resumableScenarios("JetStream", () => {
    const stream = `streams-${places++}`;
    const clients: Promise<NatsClient>[] = [];
    return Promise.resolve({
      open() {
        const client = server.connect();
        clients.push(client);
        return jetStreamStore(client.then(({ client }) => client), { stream });
      },
      async close() {
        for (const client of clients) await (await client).close();
      },
    });
  });
}
