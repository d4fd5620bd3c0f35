/**
 * Counts for each connection, every 2 s, and ends the counter the moment its reader leaves.
 *
 *     bun run examples/ticker/server.ts
 *     deno run -A examples/ticker/server.ts
 *     node --import tsx examples/ticker/server.ts
 */

import { createSSEResponse } from "tidings";
import { origins } from "../support/origins.ts";
import { type System, system } from "../support/system.ts";

const closing = new AbortController();
let connections = 0;
let running = 0;

function tick(request: Request): Response {
  const id = ++connections;
  let count = 0;
  return createSSEResponse(request, (connection) => {
    console.log(`ticker: connection ${id} opened, its timer runs`);
    running++;
    const timer = setInterval(() => {
      connection.send(`Message: ${++count} - the time is ${new Date().toISOString()}`);
    }, 2_000);
    return () => {
      running--;
      clearInterval(timer);
    };
  }, {
    cors: { origins },
    signal: closing.signal,
    onClose: ({ reason }) =>
      console.log(`ticker: connection ${id} closed (${reason}), its timer ended at ${count}`),
  });
}

export const ticker: System = await system(import.meta, {
  routes: { "GET,OPTIONS /sse": tick },
  figure: () => running,
  close: () => closing.abort(),
});
