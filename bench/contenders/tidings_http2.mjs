// Serves with tidings over HTTP/2 without TLS, as to a proxy: many clients' streams share a connection.
import { once } from "node:events";
import { toNodeListener } from "../.out/tidings/lib/serve/node_entry.js";
import { Broadcaster } from "../.out/tidings/mod.js";
import { isNode } from "../server/listen.mjs";
import { start as startTidings } from "./tidings.mjs";

export async function start(options) {
  // Deno's server speaks either, as its client begins.
  if (!isNode) return startTidings(options);
  const { createServer } = await import("node:http2");
  const feed = new Broadcaster();
  const server = createServer(toNodeListener((request) => feed.subscribe(request, { keepalive: false })));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: server.address().port,
    size: () => feed.size,
    publish: ({ data }) => feed.publish({ data }),
  };
}
