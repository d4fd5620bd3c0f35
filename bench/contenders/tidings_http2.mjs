// Serves with tidings over HTTP/2, by Node's compatibility layer and without TLS: many clients' streams share a connection.
import { once } from "node:events";
import { createServer } from "node:http2";
import { toNodeListener } from "../.out/tidings/lib/serve/node_entry.js";
import { Broadcaster } from "../.out/tidings/mod.js";

export async function start() {
  const feed = new Broadcaster();
  const server = createServer(toNodeListener((request) => feed.subscribe(request, { keepalive: false })));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: server.address().port,
    size: () => feed.size,
    publish: ({ data }) => feed.publish({ data }),
  };
}
