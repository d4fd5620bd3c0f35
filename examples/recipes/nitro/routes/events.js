// A feed in Nitro: GET /events is the stream, POST /events publishes.
import { defineHandler } from "nitro";
import { Broadcaster } from "tidings";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });

export default defineHandler(async ({ req }) => {
  if (req.method !== "POST") return feed.subscribe(req);
  return { id: await feed.publish({ event: "note", data: await req.json() }) };
});
