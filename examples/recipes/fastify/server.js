// Serves a feed from Fastify: GET /events is the stream, POST /events publishes.
import Fastify from "fastify";
import { Broadcaster } from "tidings";
import { toNodeListener } from "tidings/node";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });
const stream = toNodeListener((request) => feed.subscribe(request));

const app = Fastify({ forceCloseConnections: true });

app.get("/events", (request, reply) => {
  reply.hijack(); // from here on the response is tidings'
  stream(request.raw, reply.raw);
});

app.post("/events", async (request) => ({ id: await feed.publish({ event: "note", data: request.body }) }));

await app.listen({ port: Number(process.env.PORT ?? 3000) });

process.once("SIGTERM", async () => {
  await feed.close({ retry: 1000 });
  await app.close();
});
