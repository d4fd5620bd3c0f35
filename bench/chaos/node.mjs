// One server of three: publishes all the time, serves whoever comes, and tells the run what was acknowledged.
// Each line on its standard output is one word, what belongs to it, and a full stop; "stop" on its standard input ends the publishing.
import process from "node:process";
import { createInterface } from "node:readline";
import { serve } from "../.out/tidings/lib/serve/mod.js";
import { redisStreams } from "../.out/tidings/lib/redis/mod.js";
import { Broadcaster } from "../.out/tidings/mod.js";

const [url, name, rate] = process.argv.slice(2);
const say = (...words) => process.stdout.write(`${words.join(" ")} .\n`);

/** Each runtime with a client of its own where it has one. */
async function openClient() {
  if ("Bun" in globalThis) return new globalThis.Bun.RedisClient(url);
  const { createClient } = await import("redis");
  const client = createClient({ url });
  client.on("error", () => {});
  client.connect().catch(() => {});
  return client;
}

const feed = new Broadcaster({
  // Small, so that who was away for a while is served out of the engine, and falls off it, too.
  backplane: redisStreams(await openClient(), { stream: "chaos", maxEvents: 5_000 }),
  history: { events: 500 },
  onError: ({ code, message }) => say("error", code, message.replaceAll("\n", " ")),
});

let number = 0;
const outcomes = new Set();
const stopPublishing = () => clearInterval(publishing);

function publish() {
  const own = number++;
  const outcome = feed.publish({ data: `${name}:${own}` })
    .then((id) => say("acknowledged", own, id), () => say("refused", own))
    .finally(() => outcomes.delete(outcome));
  outcomes.add(outcome);
}

const server = await serve((request) => {
  if (new URL(request.url).pathname === "/health") {
    return new Response(null, { status: feed.health().ok ? 200 : 503 });
  }
  return feed.subscribe(request);
}, {
  port: 0,
  hostname: "127.0.0.1",
  signals: true,
  drain() {
    stopPublishing();
    return feed.close({ retry: 100, within: 500 });
  },
});
say("port", server.port);

const begun = performance.now();
const publishing = setInterval(() => {
  // Late calls are made up for: the rate stays what it is.
  for (const due = (performance.now() - begun) / 1_000 * Number(rate); number < due;) publish();
}, 10);

createInterface({ input: process.stdin }).on("line", async (line) => {
  if (line !== "stop") return;
  stopPublishing();
  await Promise.all(outcomes);
  // The last one: whoever has it has been given all there is.
  publish();
  await Promise.all(outcomes);
  say("stopped");
}).on("close", () => process.exit(0));
