// Serves with tidings, as its own documentation shows it: one Broadcaster, and `serve` on every runtime.
import { serve } from "../.out/tidings/lib/serve/mod.js";
import { gzip } from "../.out/tidings/lib/compression/mod.js";
import { Broadcaster } from "../.out/tidings/mod.js";
import { openBackplane } from "./backplanes.mjs";

export async function start({ keepalive, packs, engine, direct }) {
  const feed = new Broadcaster({
    ...packs && { compression: gzip() },
    ...engine && { backplane: await openBackplane(engine) },
  });
  while (!feed.health().ok) await new Promise((resolve) => setTimeout(resolve, 5));
  const options = keepalive ? {} : { keepalive: false };
  const { port } = await serve((request) => {
    const topic = new URL(request.url).searchParams.get("topic");
    return feed.subscribe(request, topic === null ? options : { ...options, topics: [topic] });
  }, { port: 0, hostname: "127.0.0.1", direct });
  return {
    port,
    size: () => feed.size,
    lagging: () => feed.stats().lagging,
    publish: ({ data, topic }) => feed.publish({ data, topic }),
  };
}
