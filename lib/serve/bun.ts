/**
 * Runs a handler on Bun's server.
 *
 * @module
 */

import type { SafeHandler } from "../node/types.ts";
import type { Binding, Listening } from "./types.ts";

/** The part of the `Bun` global that is used here. */
export interface BunServe {
  serve(options: {
    fetch: SafeHandler;
    port: number;
    hostname: string;
    idleTimeout: number;
    development: boolean;
    reusePort: boolean;
  }): { port?: number | undefined; stop(cut?: boolean): Promise<void> };
}

export function startBun(handler: SafeHandler, { port, hostname }: Binding): Listening {
  const { Bun } = globalThis as unknown as { Bun: BunServe };
  const server = Bun.serve({
    fetch: handler,
    port,
    hostname,
    // Bun's own time-out also ends responses that are only slow to come. No other runtime has one.
    idleTimeout: 0,
    development: false,
    // Outside of development Bun 1.4 would share a port that is taken, and so split the clients between two servers.
    reusePort: false,
  });
  return { port: server.port!, stop: () => server.stop(), cut: () => void server.stop(true) };
}
