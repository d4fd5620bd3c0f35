// Somebody's program that installed the package: serves, reads one event back, and ends by itself.
import { Broadcaster, createSSEResponse, encodeEvent, TidingsError } from "tidings";
import { serve, toNodeListener } from "tidings/node";

const broadcaster = new Broadcaster();
const stop = new AbortController();
const server = await serve((request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/feed") return broadcaster.subscribe(request);
  return createSSEResponse(request, async function* () {
    yield { event: "hello", data: { from: "tidings" } };
  });
}, { port: 0, hostname: "127.0.0.1", signal: stop.signal });

const text = await (await fetch(server.url)).text();
if (!text.includes(encodeEvent({ event: "hello", data: { from: "tidings" } }))) {
  throw new Error(`Read ${text}`);
}

const feed = (await fetch(new URL("/feed", server.url))).body.pipeThrough(new TextDecoderStream())
  .getReader();
await feed.read();
broadcaster.publish({ data: "to all" });
let read = "";
while (!read.includes("data: to all")) read += (await feed.read()).value;
await feed.cancel();

if (typeof toNodeListener(() => new Response()) !== "function") {
  throw new Error("toNodeListener made no function");
}
try {
  encodeEvent({ event: "two\nlines" });
  throw new Error("A line break in an event's name was let through");
} catch (error) {
  // The class must be one and the same for whatever entry point it is thrown from.
  if (!(error instanceof TidingsError)) throw error;
}

await broadcaster.close();
stop.abort();
await server.finished;
console.log("The package works");
