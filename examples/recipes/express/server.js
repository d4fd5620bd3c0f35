// Serves a feed from Express: GET /events is the stream, POST /events publishes.
import compression from "compression";
import express from "express";
import { Broadcaster } from "tidings";
import { toNodeListener } from "tidings/node";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });

const app = express();
app.use(compression(), express.json());

app.get("/events", toNodeListener((request) => feed.subscribe(request)));

app.post("/events", async (req, res) => {
  res.json({ id: await feed.publish({ event: "note", data: req.body }) });
});

const server = app.listen(process.env.PORT ?? 3000);

process.once("SIGTERM", async () => {
  await feed.close({ retry: 1000 }); // first, for server.close() waits for every stream
  server.close();
});
