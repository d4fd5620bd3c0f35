// Serves, reads one event back, and ends by itself, as a program does that has installed the package.
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
// The error class must be one and the same, whichever entry point it is thrown from.
const refused = async (code, action) => {
  try {
    await action();
  } catch (error) {
    if (error instanceof TidingsError && error.code === code) return;
    throw error;
  }
  throw new Error(`Nothing was thrown where "${code}" was due`);
};
await refused("invalid-event", () => encodeEvent({ event: "two\nlines" }));
await refused(
  "address-in-use",
  () => serve(() => new Response(), { port: server.port, hostname: "127.0.0.1" }),
);

await broadcaster.close();
stop.abort();
await server.closed;
console.log("The package works");
