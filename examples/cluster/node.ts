/**
 * Runs one of the three servers that `server.ts` starts behind the proxy: it subscribes clients to what anybody publishes.
 *
 * `ENGINE` and the address that belongs to it say where the log is, `NODE_NAME` what clients are told of where they are.
 */

import process from "node:process";
import { Broadcaster } from "tidings";
import { router } from "../support/router.ts";
import { run } from "../support/run.ts";
import { stop } from "../support/settings.ts";
import { engineSetting } from "./parts/engines.ts";
import { sharedLog } from "./parts/log.ts";

// How long it is waited for an engine before this listens all the same, in milliseconds.
const PATIENCE = 1_000;

const { NODE_NAME = "node" } = process.env;
const { name, address = stop("Start server.ts, which says where the log is") } = engineSetting();

// Whoever started this is gone: so be this.
process.stdin.on("end", () => process.exit(1)).resume();

let feed: Broadcaster | undefined;
const making = sharedLog(name, address).then((backplane) => {
  feed = new Broadcaster({ backplane, onError: ({ message }) => console.error(message) });
});
await Promise.race([making, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);

const options = { retry: 500, keepalive: 5_000, headers: { "x-node": NODE_NAME } };
await run(
  router({
    // The proxy asks another, or the client comes back.
    "GET /events": (request) => feed?.subscribe(request, options) ?? new Response(null, { status: 503 }),
    "GET /health": () => {
      const ok = feed?.health().ok ?? false;
      return Response.json({ ok, clients: feed?.size ?? 0 }, { status: ok ? 200 : 503 });
    },
  }),
  // Each client is sent away at a time of its own, and goes on elsewhere.
  () => feed?.close({ retry: 200, within: 1_000 }),
);
