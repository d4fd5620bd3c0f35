/** Proxies where there is no nginx: `/events` goes to the nodes in turn, everything else to the page. */

import { createServer, type IncomingMessage, request as ask, type ServerResponse } from "node:http";
import type { ProxyOptions } from "./nginx.ts";

/** Listens, and returns what ends it. */
export async function startProxy(
  { port, hostname, home, nodes }: ProxyOptions,
): Promise<() => Promise<void>> {
  let turn = 0;
  const server = createServer((request, response) => {
    const isStream = new URL(request.url ?? "/", "http://proxy").pathname === "/events";
    // Whoever does not answer is passed over.
    const targets = isStream ? nodes.map((_, i) => nodes[(turn + i) % nodes.length]!) : [home];
    if (isStream) turn++;
    pass(request, response, targets);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  return async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
}

function pass(request: IncomingMessage, response: ServerResponse, [target, ...others]: number[]): void {
  if (target === undefined) {
    response.writeHead(503, { "retry-after": "1" }).end();
    return;
  }
  const { method, url, headers } = request;
  const outgoing = ask({ host: "127.0.0.1", port: target, method, path: url, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.flushHeaders();
    answer.pipe(response);
    // A node that was killed ends its streams as it does: cut off.
    answer.on("error", () => response.destroy());
    answer.on("close", () => answer.complete || response.destroy());
  });
  outgoing.on("error", () => {
    if (response.headersSent) response.destroy();
    else pass(request, response, others);
  });
  response.on("close", () => outgoing.destroy());
  // Nothing that is sent here is long, and the first to take it may be gone.
  if (method === "GET" || method === "HEAD") outgoing.end();
  else request.pipe(outgoing);
}
