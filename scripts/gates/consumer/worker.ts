// Type-checked against the installed package under the types of Cloudflare Workers: a Worker, and a Durable Object.
import { DurableObject } from "cloudflare:workers";
import { Broadcaster } from "tidings";
import { handle } from "./web.ts";

interface Env {
  ROOM: DurableObjectNamespace<Room>;
}

export class Room extends DurableObject<Env> {
  readonly #room = new Broadcaster();

  override fetch(request: Request): Response {
    return this.#room.subscribe(request);
  }
}

export default {
  fetch(request, env) {
    const { pathname } = new URL(request.url);
    return pathname === "/room" ? env.ROOM.get(env.ROOM.idFromName("room")).fetch(request) : handle(request);
  },
} satisfies ExportedHandler<Env>;
