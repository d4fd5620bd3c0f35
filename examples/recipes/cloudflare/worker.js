// Serves a feed from a Durable Object: GET /events is the stream, POST /events publishes.
import { DurableObject } from "cloudflare:workers";
import { Broadcaster } from "tidings";

export class Room extends DurableObject {
  #feed = new Broadcaster({
    keepalive: 2000, // who left is noticed at the next write, so at the latest after this
    onClose: () => console.log(`A client left, ${this.#feed.size} are here`),
  });

  async fetch(request) {
    if (request.method !== "POST") return this.#feed.subscribe(request);
    return Response.json({ id: await this.#feed.publish({ event: "note", data: await request.json() }) });
  }
}

export default {
  fetch: (request, env) => env.ROOM.get(env.ROOM.idFromName("lobby")).fetch(request),
};
