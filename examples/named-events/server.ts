/**
 * Sends the same message to every client every 2 s, unnamed and named, to pages of other origins too.
 *
 *     bun run examples/named-events/server.ts
 *     deno run -A examples/named-events/server.ts
 *     node --import tsx examples/named-events/server.ts
 *
 * `DATA` is a file that keeps the events. `ORIGINS` lists whose pages may read. `NEIGHBOUR_PORT` is where the same stream is served a second time, to be taken away.
 */

import process from "node:process";
import { Broadcaster } from "tidings";
import { onChange } from "../support/change.ts";
import { plain, Refusal } from "../support/http.ts";
import { kept } from "../support/kept.ts";
import { origins } from "../support/origins.ts";
import { listening } from "../support/run.ts";
import { type System, system } from "../support/system.ts";
import { Neighbour } from "./neighbour.ts";

const feed = new Broadcaster({ ...kept("named_events") });
const say = onChange((count) => console.log(`named-events: ${count} connected`));
const timer = setInterval(() => {
  const now = new Date().toISOString();
  feed.publish(`send data: ${now}`);
  feed.publish({ event: "test-event", data: `named data: ${now}` }); // for addEventListener("test-event") alone
  say(feed.size);
}, 2_000);

/** Any page of the listed origins may read, with the user's cookies. */
function subscribe(request: Request): Response {
  return feed.subscribe(request, { cors: { origins, credentials: true }, retry: 2_000, keepalive: 5_000 });
}

const neighbour = new Neighbour((request) => {
  const who = /visitor=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1] ?? "without a cookie";
  console.log(`named-events: visitor ${who} from ${request.headers.get("origin")}`);
  return subscribe(request);
});

// With a port of its own it is there from the start on; on any port, once a page asks where.
if (process.env["NEIGHBOUR_PORT"]) await listening(neighbour.start(), "NEIGHBOUR_PORT and HOST");

/** Where the neighbour is, and a cookie: ports of one host share theirs. */
async function find(request: Request): Promise<Response> {
  const url = new URL("/events", request.url);
  url.port = String(await neighbour.start());
  const visitor = Math.random().toString(36).slice(2, 8);
  return Response.json({ url: url.href }, {
    headers: {
      "set-cookie": `visitor=${visitor}; Path=/; SameSite=Lax; HttpOnly`,
      "cache-control": "no-store",
    },
  });
}

/** Takes the neighbour away for some seconds: `?kind=refuse`, or what a proxy answers meanwhile, `502` or `503`. */
async function trouble(request: Request): Promise<Response> {
  const { searchParams } = new URL(request.url);
  const kind = searchParams.get("kind") ?? "refuse";
  const seconds = Number(searchParams.get("seconds") ?? 8);
  if (kind !== "refuse" && kind !== "502" && kind !== "503") {
    throw new Refusal(400, "kind: refuse, 502 or 503");
  }
  if (!(seconds > 0 && seconds <= 60)) throw new Refusal(400, "seconds: more than 0 and at most 60");
  await neighbour.fail(kind, seconds * 1_000);
  return plain(202, `Back in ${seconds} s`);
}

export const namedEvents: System = await system(import.meta, {
  routes: {
    "GET,OPTIONS /events": subscribe,
    "GET /named-events/neighbour": find,
    "POST /named-events/trouble": trouble,
  },
  // The page reads from another port of its host.
  policy: { "connect-src": "'self' http: https:" },
  figure: () => feed.stats().published,
  close: async () => {
    clearInterval(timer);
    await feed.close({ retry: 1_000, within: 500 });
    await neighbour.close();
  },
});
