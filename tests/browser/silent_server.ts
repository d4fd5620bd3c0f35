// Serves a stream on which nothing is ever sent. open_test.mjs starts it, and sees what a browser makes of that.
import process from "node:process";
import { createSSEResponse } from "../../mod.ts";
import { serve } from "../../lib/serve/mod.ts";

const page = () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
const server = await serve(
  (request) => request.url.endsWith("/stream") ? createSSEResponse(request, () => {}) : page(),
  { port: Number(process.env["PORT"]), hostname: "127.0.0.1" },
);
console.log(server.url);
