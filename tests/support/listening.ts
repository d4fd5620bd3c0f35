/**
 * Runs a server of `node:http` for as long as a test uses it.
 *
 * @module
 */

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { type FetchHandler, toNodeListener } from "../../lib/node/mod.ts";

/** A server with any listener. */
export async function listening(
  listener: RequestListener,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** A server with a fetch handler, by `toNodeListener`. */
export function using(handler: FetchHandler, use: (port: number) => Promise<void>): Promise<void> {
  return listening(toNodeListener(handler), use);
}
