// Checks the promises of resumable streams on a real Redis, over which each process has connections of its own.
import { after, before, test } from "node:test";
import { redisStore } from "../../lib/redis/mod.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { clientKinds, type OpenClient } from "../support/redis_clients.ts";
import { resumableScenarios } from "../support/resumable_scenarios.ts";

let server: RedisServer;
before(async () => {
  if (!noRedis) server = await RedisServer.start();
});
after(async () => {
  if (!noRedis) await server.stop();
});

let places = 0;
const [kind] = noRedis ? [] : clientKinds;
if (kind !== undefined) {
  resumableScenarios(`Redis, ${kind.name}`, () => {
    const prefix = `streams-${places++}`;
    const clients: OpenClient[] = [];
    return Promise.resolve({
      open() {
        const client = kind.open(server.url);
        clients.push(client);
        return redisStore(client.client, { prefix });
      },
      close() {
        for (const client of clients) client.close();
        return Promise.resolve();
      },
    });
  });
}
if (noRedis) test("resumable streams on Redis", { skip: noRedis }, () => {});
