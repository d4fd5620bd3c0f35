/**
 * Sends live messages to everybody, and tells who is connected and who lags; a client that stops reading delays nobody.
 *
 *     bun run examples/dashboard/server.ts
 *     deno run -A examples/dashboard/server.ts
 *     node --import tsx examples/dashboard/server.ts
 *
 * `DATA` is a file that keeps the messages.
 */

import { Broadcaster } from "tidings";
import { plain, readText, Refusal } from "../support/http.ts";
import { kept } from "../support/kept.ts";
import { origins } from "../support/origins.ts";
import { type System, system } from "../support/system.ts";
import { Load } from "./load.ts";
import { Registry, type Row } from "./registry.ts";

const LARGEST_MESSAGE = 65_536;

const registry = new Registry();
const feed = new Broadcaster({
  ...kept("dashboard"),
  history: { bytes: 32 << 20 },
  lagBytes: 4 << 20, // past that a client is cut off
  onClose: (info, request) => {
    registry.left(info, request, feed.size);
    load.left(request);
  },
});
const load = new Load(feed, (request) => subscribe(request, "staller", ["load"]));

let beats = 0;
const heartbeat = setInterval(() => feed.publish(`Auto heartbeat #${++beats}`), 5_000);
const reports = setInterval(() => {
  const data = { stats: feed.stats(), clients: registry.rows(feed), stalledRead: load.read() };
  if (feed.size > 0) feed.publish({ event: "registry", topic: "registry", data });
}, 1_000);

/** The page asks for `?topics=registry,pulse`; whoever asks for none gets the messages alone. */
function fromPage(request: Request): Response {
  const asked = new URL(request.url).searchParams.get("topics")?.split(",") ?? [];
  return subscribe(request, "reader", ["registry", "pulse"].filter((topic) => asked.includes(topic)));
}

function subscribe(request: Request, kind: Row["kind"], topics: string[]): Response {
  const before = feed.size;
  const cors = { origins, credentials: true };
  const response = feed.subscribe(request, { topics, cors, retry: 2_000, lastEventIdQuery: "lastEventId" });
  if (feed.size > before) response.headers.set("x-client-id", `${registry.enter(request, kind, feed.size)}`);
  return response;
}

/** Publishes what was posted: text as it is, JSON as JSON, and the time if it is empty. */
async function broadcast(request: Request): Promise<Response> {
  const text = await readText(request, LARGEST_MESSAGE);
  const isJson = request.headers.get("content-type")?.startsWith("application/json") === true;
  const data: unknown = text === "" ? new Date().toISOString() : isJson ? parse(text) : text;
  const id = await feed.publish({ data });
  return Response.json({ id, clients: feed.size });
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new Refusal(400, "This is no JSON: mend it, or send it as text/plain");
  }
}

async function stall(): Promise<Response> {
  if (!await load.stall()) {
    throw new Refusal(429, "Enough clients stall already: wait until they are cut off");
  }
  return plain(202, "It stalls soon");
}

export const dashboard: System = await system(import.meta, {
  routes: {
    "GET,OPTIONS /stream": fromPage,
    "POST /broadcast": broadcast,
    "GET /stats": () => Response.json(feed.stats()),
    "POST /dashboard/stall": stall,
  },
  figure: () => feed.size,
  close: async () => {
    clearInterval(heartbeat);
    clearInterval(reports);
    await load.close();
    await feed.close({ retry: 1_000, within: 500 });
  },
});
