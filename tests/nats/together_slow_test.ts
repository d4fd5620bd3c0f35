/** Tests that processes which make the same JetStream stream at the same moment all get it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { jetStream, jetStreamStore } from "../../lib/nats/mod.ts";
import { NatsServer, noNats } from "../support/nats.ts";

const PROCESSES = 6;
const ROUNDS = 60;

test("a stream that several processes make at the same moment is made once, and all have it", {
  skip: noNats,
  timeout: 120_000,
}, async () => {
  const server = await NatsServer.start();
  const clients = await Promise.all(Array.from({ length: PROCESSES }, () => server.connect()));
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const stores = clients.map(({ client }) => jetStreamStore(client, { stream: `store-${round}` }));
      const logs = clients.map(({ client }) =>
        jetStream(client, { stream: `log-${round}`, subject: `log.${round}` })
      );
      const [overdue, readers] = await Promise.all([
        Promise.all(stores.map((store) => store.overdue())),
        Promise.all(logs.map((log) => log.open())),
      ]);
      assert.deepEqual(overdue, stores.map(() => []));
      for (const reader of readers) reader.close();
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()));
    await server.stop();
  }
});
