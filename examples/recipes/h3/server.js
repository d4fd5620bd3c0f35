// Serves a feed from h3: GET /events is the stream, POST /events publishes.
import { H3, serve } from "h3";
import { Broadcaster } from "tidings";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });

const app = new H3();

app.get("/events", (event) => feed.subscribe(event.req));

app.post(
  "/events",
  async (event) => ({ id: await feed.publish({ event: "note", data: await event.req.json() }) }),
);

serve(app, { port: Number(process.env.PORT ?? 3000) });
