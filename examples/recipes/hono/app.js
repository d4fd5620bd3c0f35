// A feed in Hono, which Bun and Deno serve as it is: GET /events is the stream, POST /events publishes.
import { Hono } from "hono";
import { Broadcaster } from "tidings";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });

const app = new Hono();

app.get("/events", (c) => feed.subscribe(c.req.raw));

app.post(
  "/events",
  async (c) => c.json({ id: await feed.publish({ event: "note", data: await c.req.json() }) }),
);

export default app;
