// Tests streams in Redis against the contract of a store, by each client.
import { after, before, test } from "node:test";
import { redisStore } from "../../lib/redis/mod.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { clientKinds, type OpenClient } from "../support/redis_clients.ts";
import { storeContract } from "../support/store_contract.ts";

let server: RedisServer;
before(async () => {
  if (!noRedis) server = await RedisServer.start();
});
after(async () => {
  if (!noRedis) await server.stop();
});

let places = 0;
for (const { name, open } of noRedis ? [] : clientKinds) {
  storeContract(name, () => {
    const prefix = `contract-${places++}`;
    const clients: OpenClient[] = [];
    return Promise.resolve({
      open: () => {
        const client = open(server.url);
        clients.push(client);
        return redisStore(client.client, { prefix });
      },
      close: () => {
        for (const client of clients) client.close();
        return Promise.resolve();
      },
    });
  });
}
if (noRedis) test("the contract of a store", { skip: noRedis }, () => {});
