// Serves with Hono's `streamSSE`: the callback stays until the client leaves, and who publishes writes to each stream.
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";
import { gzipEach } from "../server/gzip_each.mjs";
import { History } from "../server/history.mjs";
import { isNode, listenFetch } from "../server/listen.mjs";
import { Topics } from "../server/topics.mjs";

export async function start({ history, packs }) {
  const kept = new History(history);
  const topics = new Topics();
  const app = new Hono();
  app.get("/", (context) =>
    streamSSE(context, async (stream) => {
      const left = new Promise((resolve) => stream.onAbort(resolve));
      // Without a first byte some runtimes send no headers, and a browser sees no connection.
      stream.write(":\n\n");
      const last = context.req.header("last-event-id");
      for (const message of last === undefined ? [] : kept.after(last)) stream.writeSSE(encoded(message));
      const leave = topics.join(context.req.query("topic"), stream);
      await left;
      leave();
    }));
  const fetch = packs ? async (request) => gzipEach(await app.fetch(request)) : app.fetch;
  return {
    port: isNode ? await listenNode(fetch) : await listenFetch(fetch),
    size: () => topics.size,
    publish(message) {
      kept.add(message);
      const event = encoded(message);
      // Not awaited: one slow client would hold up all others.
      for (const stream of topics.members(message.topic)) stream.writeSSE(event);
    },
  };
}

const encoded = ({ id, data }) => ({ id, data: JSON.stringify(data) });

async function listenNode(fetch) {
  const { serve } = await import("@hono/node-server");
  return new Promise((resolve) =>
    serve({ fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => resolve(port))
  );
}
