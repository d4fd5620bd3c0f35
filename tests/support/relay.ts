/**
 * Relays TCP between a client and a server, to break, hold and garble their connections.
 *
 * @module
 */

import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * Breaks every connection of these relays, again and again, 200 ms after they have brought something, which `brought` counts.
 * Those that have brought nothing are left for two seconds: a busy machine may need them to connect. Gives what stops it.
 */
export function keepCutting(relays: readonly Relay[], brought: () => number): () => void {
  let [before, ticks] = [0, 0];
  const timer = setInterval(() => {
    if (brought() === before && ++ticks < 10) return;
    [before, ticks] = [brought(), 0];
    for (const relay of relays) relay.cut();
  }, 200);
  return () => clearInterval(timer);
}

export class Relay {
  readonly port: number;
  readonly #server: Server;
  #target: number;
  readonly #sockets = new Set<Socket>();
  #isHeld = false;
  #isDeaf = false;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    this.port = (server.address() as { port: number }).port;
  }

  /** Relays from a free port to `target`. */
  static async start(target: number): Promise<Relay> {
    const server = createServer((near) => relay.#join(near, connect(relay.#target, "127.0.0.1")));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const relay = new Relay(server, target);
    return relay;
  }

  /** Relays to another port from now on, and breaks every connection. */
  aim(target: number): void {
    this.#target = target;
    this.cut();
  }

  /** Breaks every connection. New ones are relayed as before. */
  cut(): void {
    this.#isDeaf = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Lets nothing through, in either direction, though nobody is told: a network that lost its way. */
  hold(): void {
    this.#isHeld = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Lets through what was held. */
  release(): void {
    this.#isHeld = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Loses the server's answers, until the connections are cut. */
  deafen(): void {
    this.#isDeaf = true;
  }

  /** Ends it. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #join(near: Socket, far: Socket): void {
    this.#pass(near, far, () => false);
    this.#pass(far, near, () => this.#isDeaf);
  }

  #pass(from: Socket, to: Socket, isLost: () => boolean): void {
    this.#sockets.add(from);
    from.on("data", (chunk) => {
      if (isLost() || to.write(chunk)) return;
      from.pause();
      to.once("drain", () => this.#isHeld || from.resume());
    });
    if (this.#isHeld) from.pause();
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}
