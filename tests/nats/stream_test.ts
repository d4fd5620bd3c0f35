// Tests JetStream against the contract of a backplane.
import { after, before } from "node:test";
import { jetStream } from "../../lib/nats/mod.ts";
import { backplaneContract } from "../support/backplane_contract.ts";
import { type NatsClient, NatsServer, noNats } from "../support/nats.ts";
import { Relay } from "../support/relay.ts";

let server: NatsServer;
let operator: NatsClient;
before(async () => {
  if (noNats) return;
  server = await NatsServer.start();
  operator = await server.connect();
});
after(async () => {
  if (noNats) return;
  await operator.close();
  await server.stop();
});

let streams = 0;
backplaneContract({
  name: "JetStream",
  skip: noNats,
  strangeIds: ["0-0-0", "1-1-1", "zzzzzzzzzz-9007199254740991-zzzzzzz", "zzzzzzzzzz-0-0"],
  async make() {
    const stream = `contract-${streams++}`;
    const manager = await operator.manager();
    const relay = await Relay.start(server.port);
    const [own, other] = [await server.connect({ port: relay.port }), await server.connect()];
    return {
      backplane: jetStream(own.client, { stream }),
      elsewhere: jetStream(other.client, { stream }),
      trim: async (keep) => void await manager.streams.purge(stream, { keep }),
      loseTail: async (count) => {
        const { state } = await manager.streams.info(stream);
        for (let i = 0; i < count; i++) await manager.streams.deleteMessage(stream, state.last_seq - i);
      },
      wipe: async () => void await manager.streams.delete(stream),
      disconnect: () => Promise.resolve(relay.cut()),
      connections: () => operator.consumers(stream),
      close: async () => {
        await Promise.all([own.close(), other.close()]);
        await relay.close();
        await manager.streams.delete(stream).catch(() => {});
      },
    };
  },
});
