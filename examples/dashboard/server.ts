/**
 * Live messages for everybody: a page, a feed that speaks by itself every 5 s, and a way to broadcast.
 *
 *     bun run examples/dashboard/server.ts
 *     deno run -A examples/dashboard/server.ts
 *     node --import tsx examples/dashboard/server.ts
 */

import { Broadcaster } from "../../mod.ts";
import { plain, readText, Refusal } from "../support/http.ts";
import { type System, system } from "../support/system.ts";

const LARGEST_MESSAGE = 65_536;

const feed = new Broadcaster();

let beats = 0;
const heartbeat = setInterval(() => feed.publish(`Auto heartbeat #${++beats}`), 5_000);

/** Publishes what was posted: text as it is, JSON as JSON, and the time if it is empty. */
async function broadcast(request: Request): Promise<Response> {
  try {
    const text = await readText(request, LARGEST_MESSAGE);
    const isJson = request.headers.get("content-type")?.startsWith("application/json") === true;
    const data: unknown = text === "" ? new Date().toISOString() : isJson ? parse(text) : text;
    const id = feed.publish({ data });
    return Response.json({ id, clients: feed.size });
  } catch (error) {
    if (error instanceof Refusal) return plain(error.status, error.message);
    throw error;
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Refusal(400, "This is no JSON: mend it, or send it as text/plain");
  }
}

export const dashboard: System = await system(import.meta, {
  routes: {
    "GET /stream": (request) => feed.subscribe(request, { retry: 2_000, lastEventIdQuery: "lastEventId" }),
    "POST /broadcast": broadcast,
    "GET /stats": () => Response.json(feed.stats()),
  },
  close: async () => {
    clearInterval(heartbeat);
    await feed.close({ retry: 1_000, within: 500 });
  },
});
