// Serves with @fastify/sse, under Fastify: the connection is kept alive, and who publishes sends to each reply.
import sse from "@fastify/sse";
import { fastify } from "fastify";
import { History } from "../server/history.mjs";
import { Topics } from "../server/topics.mjs";

export async function start({ keepalive, history }) {
  const kept = new History(history);
  const topics = new Topics();
  const app = fastify();
  // Its documentation lets a serializer pass text through, so that a message is made JSON once and not for each client.
  await app.register(sse, { serializer: (data) => data });
  app.get("/", { sse: { kind: "only", heartbeat: keepalive } }, (request, reply) => {
    reply.sse.keepAlive();
    reply.sse.sendHeaders();
    // As its own heartbeats are written: without a first byte the headers would wait for the first message.
    reply.raw.write(":\n\n");
    const last = reply.sse.lastEventId;
    for (const message of last === null ? [] : kept.after(last)) send(reply.sse, encoded(message));
    reply.sse.onClose(topics.join(request.query.topic, reply.sse));
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    port: app.server.address().port,
    size: () => topics.size,
    publish(message) {
      kept.add(message);
      const event = encoded(message);
      for (const stream of topics.members(message.topic)) send(stream, event);
    },
  };
}

/** Not awaited: one slow client would hold up all others. Who has just left is no failure. */
function send(stream, event) {
  stream.send(event).catch(() => {});
}

const encoded = ({ id, data }) => ({ id, data: JSON.stringify(data) });
