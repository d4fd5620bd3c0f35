// Tests Redis Streams against the contract of a backplane, by each client.
import { after, before } from "node:test";
import { redisStreams } from "../../lib/redis/mod.ts";
import { backplaneContract } from "../support/backplane_contract.ts";
import { noRedis, RedisServer } from "../support/redis.ts";
import { clientKinds } from "../support/redis_clients.ts";

let server: RedisServer;
before(async () => {
  if (!noRedis) server = await RedisServer.start();
});
after(async () => {
  if (!noRedis) await server.stop();
});

let streams = 0;
for (const { name, open } of clientKinds) {
  backplaneContract({
    name,
    skip: noRedis,
    readsAhead: true,
    strangeIds: ["0-1", "1-0", "18446744073709551615-18446744073709551615", "999999999999999-0"],
    async make() {
      const key = `contract-${streams++}`;
      const [own, other] = [open(server.url), open(server.url)];
      const ids = async () =>
        [...(await server.command("XRANGE", key, "-", "+")).matchAll(/^\d+-\d+$/gm)].map(([id]) => id);
      const log = {
        backplane: redisStreams(own.client, { stream: key }),
        elsewhere: redisStreams(other.client, { stream: key }),
        trim: async (keep: number) => void await server.command("XTRIM", key, "MAXLEN", `${keep}`),
        loseTail: async (count: number) =>
          void await server.command("XDEL", key, ...(await ids()).slice(-count)),
        wipe: async () => void await server.command("DEL", key),
        disconnect: () => server.disconnect(),
        connections: () => server.connections(),
        close: () => {
          own.close();
          other.close();
          return Promise.resolve();
        },
      };
      return await Promise.resolve(log);
    },
  });
}
