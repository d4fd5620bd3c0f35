// Serves streams that come to their end, and counts how often their sources run. Started by final_test.mjs.
import process from "node:process";
import { createSSEResponse } from "../../mod.ts";
import { serve } from "../../lib/serve/mod.ts";

const runs: Record<string, number> = {};

async function* answer(name: string) {
  runs[name] = (runs[name] ?? 0) + 1;
  for (const word of ["three", "small", "words"]) {
    await Promise.resolve();
    yield word;
  }
}

const server = await serve((request) => {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/":
      return new Response("<!doctype html>", { headers: { "content-type": "text/html" } });
    case "/runs":
      return Response.json(runs);
    default:
      // Both come back after 20 ms, if they come back.
      return createSSEResponse(request, answer(pathname), { retry: 20, final: pathname !== "/again" });
  }
}, { port: Number(process.env["PORT"]), hostname: "127.0.0.1" });
console.log(server.url);
