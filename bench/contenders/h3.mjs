// Serves with h3's `createEventStream`, under its own `serve` on every runtime.
import { createEventStream, getQuery, H3, serve } from "h3";
import { gzipEach } from "../server/gzip_each.mjs";
import { History } from "../server/history.mjs";
import { Topics } from "../server/topics.mjs";

export async function start({ history, packs }) {
  const kept = new History(history);
  const topics = new Topics();
  const app = new H3();
  app.get("/", (event) => {
    const stream = createEventStream(event);
    // Without a first byte some runtimes send no headers, and a browser sees no connection.
    stream.pushComment("");
    const last = event.req.headers.get("last-event-id");
    const missed = last === null ? [] : kept.after(last);
    if (missed.length > 0) stream.push(missed.map(encoded));
    stream.onClosed(topics.join(getQuery(event).topic, stream));
    return stream;
  });
  const server = serve(packs ? { fetch: async (request) => gzipEach(await app.fetch(request)) } : app, {
    port: 0,
    hostname: "127.0.0.1",
    silent: true,
    // Bun would end a quiet stream.
    bun: { idleTimeout: 0 },
  });
  await server.ready();
  return {
    port: Number(new URL(server.url).port),
    size: () => topics.size,
    publish(message) {
      kept.add(message);
      const event = encoded(message);
      // Not awaited: one slow client would hold up all others.
      for (const stream of topics.members(message.topic)) stream.push(event);
    },
    // For an application that holds all of a turn's messages in hand: it takes an array.
    publishAll(messages) {
      for (const message of messages) kept.add(message);
      const events = messages.map(encoded);
      for (const stream of topics.members(messages[0].topic)) stream.push(events);
    },
  };
}

const encoded = ({ id, data }) => ({ id, data: JSON.stringify(data) });
