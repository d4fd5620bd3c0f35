/**
 * Live messages for everybody: a page, a feed that speaks by itself every 5 s, and a way to broadcast.
 *
 *     bun run examples/server.ts
 *     deno run -A examples/server.ts
 *     npm start
 */

import { Broadcaster } from "../mod.ts";
import { folder } from "./support/files.ts";
import { plain, readText, Refusal, refuseMethod } from "./support/http.ts";
import { run } from "./support/run.ts";

const LARGEST_MESSAGE = 65_536;

const feed = new Broadcaster();
const page = await folder(new URL("./page/", import.meta.url));

let beats = 0;
const heartbeat = setInterval(() => feed.publish(`Auto heartbeat #${++beats}`), 5_000);

/** Publishes what was posted: text as it is, JSON as JSON, and the time if it is empty. */
async function broadcast(request: Request): Promise<Response> {
  try {
    const text = await readText(request, LARGEST_MESSAGE);
    const isJson = request.headers.get("content-type")?.startsWith("application/json") === true;
    const data: unknown = text === "" ? new Date().toISOString() : isJson ? parse(text) : text;
    const id = await feed.publish({ data });
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

function handle(request: Request): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/stream":
      return refuseMethod(request, "GET") ??
        feed.subscribe(request, { retry: 2_000, lastEventIdQuery: "lastEventId" });
    case "/broadcast":
      return refuseMethod(request, "POST") ?? broadcast(request);
    case "/stats":
      return refuseMethod(request, "GET") ?? Response.json(feed.stats());
    default:
      return refuseMethod(request, "GET") ?? page(pathname) ?? plain(404, "Nothing here: see /");
  }
}

await run(handle, async () => {
  clearInterval(heartbeat);
  await feed.close({ retry: 1_000, within: 500 });
});
