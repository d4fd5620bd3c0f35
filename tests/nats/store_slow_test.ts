// Checks the store in JetStream against the contract of all stores.
import { test } from "node:test";
import { jetStreamStore } from "../../lib/nats/mod.ts";
import { type NatsClient, NatsServer, noNats } from "../support/nats.ts";
import { storeContract, type StorePlace } from "../support/store_contract.ts";

async function openPlace(): Promise<StorePlace> {
  const server = await NatsServer.start();
  const clients: Promise<NatsClient>[] = [];
  return {
    open: () => {
      const client = server.connect();
      clients.push(client);
      return jetStreamStore(client.then(({ client }) => client));
    },
    close: async () => {
      for (const client of clients) await (await client).close();
      await server.stop();
    },
  };
}

if (noNats) test("JetStream: the contract of a store", { skip: noNats }, () => {});
else storeContract("JetStream", openPlace);
