// Type-checked against the installed package and NATS' own client, which needs a runtime that has WebSocket.
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { Backplane } from "tidings";
import { jetStream } from "tidings/nats";

export async function engine(): Promise<Backplane> {
  const connection = await connect({ maxReconnectAttempts: -1 });
  return jetStream(jetstream(connection), { stream: "market" });
}
