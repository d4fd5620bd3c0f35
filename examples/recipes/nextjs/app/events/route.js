// A feed in Next.js: GET /events is the stream, POST /events publishes.
import { Broadcaster } from "tidings";

// On globalThis, so that all routes have the same one, and in development also after a change of this file.
const feed = globalThis.feed ??= createFeed();

function createFeed() {
  const feed = new Broadcaster({ onClose: () => console.log(`A client left, ${feed.size} are here`) });
  // At SIGTERM Next.js waits for every response, and a stream has no end of its own.
  process.once("SIGTERM", () => feed.close({ retry: 1000 }));
  return feed;
}

export const GET = (request) => feed.subscribe(request);

export async function POST(request) {
  return Response.json({ id: await feed.publish({ event: "note", data: await request.json() }) });
}
