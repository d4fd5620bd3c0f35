// Tests a Redis Cluster against the contracts of a backplane and of a store, by each client.
import { after, before, test } from "node:test";
import { redisStore, redisStreams } from "../../lib/redis/mod.ts";
import { backplaneContract } from "../support/backplane_contract.ts";
import { noRedis } from "../support/redis.ts";
import { RedisCluster } from "../support/redis_cluster.ts";
import { clusterKinds, type OpenClient } from "../support/redis_clients.ts";
import { storeContract } from "../support/store_contract.ts";

let cluster: RedisCluster;
let ports: readonly number[];
before(async () => {
  if (noRedis) return;
  cluster = await RedisCluster.start();
  ({ ports } = cluster);
});
after(async () => {
  if (!noRedis) await cluster?.stop();
});

let made = 0;
for (const { name, open } of clusterKinds) {
  backplaneContract({
    name,
    skip: noRedis,
    readsAhead: true,
    strangeIds: ["0-1", "1-0", "18446744073709551615-18446744073709551615", "999999999999999-0"],
    async make() {
      const key = `contract-${made++}`;
      const [own, other] = [open(ports), open(ports)];
      const owner = await cluster.owner(key);
      const ids = async () =>
        [...(await owner.command("XRANGE", key, "-", "+")).matchAll(/^\d+-\d+$/gm)].map(([id]) => id);
      return {
        backplane: redisStreams(own.client, { stream: key }),
        elsewhere: redisStreams(other.client, { stream: key }),
        trim: async (keep: number) => void await owner.command("XTRIM", key, "MAXLEN", `${keep}`),
        loseTail: async (count: number) =>
          void await owner.command("XDEL", key, ...(await ids()).slice(-count)),
        wipe: async () => void await owner.command("DEL", key),
        disconnect: () => cluster.disconnect(),
        connections: () => cluster.connections(),
        close: () => {
          own.close();
          other.close();
          return Promise.resolve();
        },
      };
    },
  });

  if (noRedis) continue;
  storeContract(name, () => {
    const prefix = `contract-${made++}`;
    const clients: OpenClient[] = [];
    return Promise.resolve({
      open: () => {
        const client = open(ports);
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
if (noRedis) test("the contracts on a cluster", { skip: noRedis }, () => {});
