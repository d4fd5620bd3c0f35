// Serves a feed from Elysia: GET /events is the stream, POST /events publishes.
import { Elysia } from "elysia";
import { Broadcaster } from "tidings";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });

new Elysia()
  .get("/events", ({ request }) => feed.subscribe(request))
  .post("/events", async ({ body }) => ({ id: await feed.publish({ event: "note", data: body }) }))
  .listen(process.env.PORT ?? 3000);
