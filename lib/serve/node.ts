/**
 * Runs a handler on Node's server.
 *
 * @module
 */

import { listen } from "../node/listener.ts";
import type { SafeHandler } from "../node/types.ts";
import type { Binding, Listening } from "./types.ts";

// How often connections that have become idle are looked for while the server closes, in milliseconds.
const STEP = 20;

export async function startNode(
  handler: SafeHandler,
  { port, hostname, clock, direct }: Binding,
): Promise<Listening> {
  // Not loaded where another runtime serves.
  const { createServer } = await import("node:http");
  const server = createServer(listen(handler, direct));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as { port: number }).port,
    stop: () =>
      new Promise((resolve) => {
        // A browser keeps its connection for the next request, and Node would wait seconds for that.
        let timer: unknown;
        const closeIdle = () => {
          server.closeIdleConnections();
          timer = clock.setTimeout(closeIdle, STEP);
        };
        server.close(() => {
          clock.clearTimeout(timer);
          resolve();
        });
        closeIdle();
      }),
    cut: () => server.closeAllConnections(),
  };
}
