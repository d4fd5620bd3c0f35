/**
 * Runs one of the three servers that `server.ts` starts behind the proxy: it subscribes clients to what anybody publishes.
 *
 * `REDIS_URL` is where the log is, `NODE_NAME` what clients are told of where they are.
 */

import process from "node:process";
import { Broadcaster } from "tidings";
import { router } from "../support/router.ts";
import { run } from "../support/run.ts";
import { sharedLog } from "./parts/redis.ts";

const { REDIS_URL = "redis://127.0.0.1:6379", NODE_NAME = "node" } = process.env;

const feed = new Broadcaster({
  backplane: sharedLog(REDIS_URL),
  onError: ({ message }) => console.error(message),
});

// Whoever started this is gone: so be this.
process.stdin.on("end", () => process.exit(1)).resume();

await run(
  router({
    "GET /events": (request) =>
      feed.subscribe(request, { retry: 500, keepalive: 5_000, headers: { "x-node": NODE_NAME } }),
    "GET /health": () => {
      const { ok } = feed.health();
      return Response.json({ ok, clients: feed.size }, { status: ok ? 200 : 503 });
    },
  }),
  // Each client is sent away at a time of its own, and goes on elsewhere.
  () => feed.close({ retry: 200, within: 1_000 }),
);
