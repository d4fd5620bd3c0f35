// Serves a packed stream, and ends it well when asked. compression_test.mjs starts it, and cuts it off by killing it.
import process from "node:process";
import { Broadcaster } from "../../mod.ts";
import { gzip } from "../../lib/compression/mod.ts";
import { serve } from "../../lib/serve/mod.ts";
import { accompany } from "../support/companion.ts";

const feed = new Broadcaster({ compression: gzip() });
accompany(feed);
let ending = new AbortController();
let asked = 0;
let published = 0;

const server = await serve((request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/stream") {
    asked++;
    return feed.subscribe(request, { signal: ending.signal, retry: 50 });
  }
  if (pathname === "/publish") {
    feed.publish({ data: { n: published++, text: "a sentence that repeats itself. ".repeat(20) } });
    return Response.json({ published });
  }
  if (pathname === "/end") {
    ending.abort();
    ending = new AbortController();
    return Response.json({ asked });
  }
  if (pathname === "/asked") return Response.json({ asked, clients: feed.size - 1 });
  return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
}, { port: Number(process.env["PORT"]), hostname: "127.0.0.1" });
console.log(server.url);
