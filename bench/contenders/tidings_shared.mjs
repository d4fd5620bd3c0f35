// Serves with tidings in one of several processes that share a port: Node's `cluster` does that by itself, and elsewhere the
// runtime's own server has `reusePort`.
import { serve } from "../.out/tidings/lib/serve/mod.js";
import { Broadcaster } from "../.out/tidings/mod.js";
import { isNode } from "../server/listen.mjs";

const hostname = "127.0.0.1";

export async function start({ port = 0 }) {
  const feed = new Broadcaster();
  const handler = (request) => feed.subscribe(request, { keepalive: false });
  return {
    port: isNode ? (await serve(handler, { port, hostname })).port : share(handler, port),
    size: () => feed.size,
    publish: ({ data, topic }) => feed.publish({ data, topic }),
  };
}

function share(fetch, port) {
  if ("Bun" in globalThis) {
    return globalThis.Bun.serve({ fetch, port, hostname, idleTimeout: 0, reusePort: true }).port;
  }
  return globalThis.Deno.serve({ port, hostname, reusePort: true, onListen() {} }, fetch).addr.port;
}
