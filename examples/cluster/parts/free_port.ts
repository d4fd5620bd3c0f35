/**
 * Finds a port for a server that is to be killed and started again at the same place.
 *
 * @module
 */

import { createSocket } from "node:dgram";
import { createServer } from "node:net";

/**
 * A port that nobody listens on, below those that systems give to outgoing connections (from 32,768 on with Linux). One of
 * those could be taken while the server is down, even by a client that tries again and again and connects to itself. It is
 * given to nobody else by this function, in whatever process, for as long as this process runs.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await reserve(port) && await isFree(port)) return port;
  }
}

/** Takes the UDP port of the same number, of which the system sees to it that one process has it. */
function reserve(port: number): Promise<boolean> {
  const socket = createSocket("udp4");
  // Before it is bound: afterwards Deno does not heed it.
  socket.unref();
  return new Promise((resolve) => {
    socket.once("error", () => {
      socket.close();
      resolve(false);
    });
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => resolve(true));
  });
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
  if (isFree) await new Promise((resolve) => server.close(resolve));
  return isFree;
}
