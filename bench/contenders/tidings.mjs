// Serves with tidings, as its own documentation shows it: one Broadcaster, and `serve` on every runtime.
import { serve } from "../.out/tidings/lib/serve/mod.js";
import { gzip } from "../.out/tidings/lib/compression/mod.js";
import { Broadcaster } from "../.out/tidings/mod.js";

export async function start({ keepalive, packs, redis, direct }) {
  const feed = new Broadcaster({
    ...packs && { compression: gzip() },
    ...redis && { backplane: await overRedis(redis) },
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

async function overRedis(port) {
  const { createClient } = await import("redis");
  const { redisStreams } = await import("../.out/tidings/lib/redis/mod.js");
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect();
  return redisStreams(client, { stream: "bench" });
}
