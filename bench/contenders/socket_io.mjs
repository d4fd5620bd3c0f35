// Serves with socket.io and its Redis Streams adapter, as the adapter's documentation shows it, over WebSockets alone.
import { createAdapter } from "@socket.io/redis-streams-adapter";
import { createServer } from "node:http";
import { createClient } from "redis";
import { Server } from "socket.io";

export async function start({ engine }) {
  const client = createClient({ url: engine.address });
  await client.connect();
  const server = createServer();
  // As much as tidings keeps: with its default of 10,000 it loses messages when the reader falls behind by more.
  const adapter = createAdapter(client, { maxLen: 100_000 });
  const io = new Server(server, { adapter, transports: ["websocket"] });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: server.address().port,
    size: () => io.of("/").sockets.size,
    publish: ({ data }) => void io.emit("message", data),
  };
}
