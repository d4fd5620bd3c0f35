/**
 * Finds a port for a server that is to be killed and started again at the same place.
 *
 * @module
 */

import { createServer } from "node:net";

/**
 * A port that nobody listens on, below those that systems give to outgoing connections (from 32,768 on with Linux). One of
 * those could be taken while the server is down, even by a client that tries again and again and connects to itself.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
