// A feed in TanStack Start: GET /events is the stream, POST /events publishes.
import { createFileRoute } from "@tanstack/react-router";
import { Broadcaster } from "tidings";

const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });

export const Route = createFileRoute("/events")({
  server: {
    handlers: {
      GET: ({ request }) => feed.subscribe(request),
      POST: async ({ request }) =>
        Response.json({ id: await feed.publish({ event: "note", data: await request.json() }) }),
    },
  },
});
