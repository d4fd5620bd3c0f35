// Runs the gallery on Node, and prints how many requests of each path are under way whenever that changes. Started by tabs_test.mjs.
import type { IncomingMessage, ServerResponse } from "node:http";
import { subscribe } from "node:diagnostics_channel";

const open: Record<string, number> = {};

function count(path: string, change: number): void {
  open[path] = (open[path] ?? 0) + change;
  if (open[path] === 0) delete open[path];
  console.log(`open: ${JSON.stringify(open)}`);
}

// Of every server of this process, that of the neighbour too.
subscribe("http.server.request.start", (message) => {
  const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
  const path = request.url!.split("?")[0]!;
  if (request.method !== "GET") return;
  count(path, 1);
  response.once("close", () => count(path, -1));
});

await import("../../examples/server.ts");
