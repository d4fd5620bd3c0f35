/** Connects clients that stop reading, over real sockets to this very process, and sends so much that it shows. */

import { connect, type Socket } from "node:net";
import type { Broadcaster } from "tidings";
import { type FetchHandler, type RunningServer, serve } from "tidings/serve";

/** Bytes of one event of the load. */
const SIZE = 16_384;
/** Milliseconds between two. */
const STEP = 20;
/** How long a client reads before it stalls, and how long the load goes on without one, in milliseconds. */
const READS = 2_000;
const AFTERWARDS = 5_000;
const MOST = 3;

export class Load {
  readonly #feed: Broadcaster;
  readonly #handler: FetchHandler;
  readonly #sockets = new Map<string, Socket>();
  #server: Promise<RunningServer> | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastSeen = 0;
  #read = 0;

  /** @param handler Subscribes such a client to the topic `load`. */
  constructor(feed: Broadcaster, handler: FetchHandler) {
    this.#feed = feed;
    this.#handler = handler;
  }

  /** Starts a client that reads for a while and then no more. `false` if there are enough. */
  async stall(): Promise<boolean> {
    if (this.#sockets.size >= MOST) return false;
    const { port } =
      await (this.#server ??= serve(this.#handler, { port: 0, hostname: "127.0.0.1", grace: 0 }));
    const path = `/${Math.random().toString(36).slice(2)}`;
    const socket = connect({ port, host: "127.0.0.1" });
    this.#sockets.set(path, socket);
    socket.on("data", (chunk: Uint8Array) => this.#read += chunk.byteLength);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(path));
    socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
    setTimeout(() => socket.pause(), READS);
    this.#timer ??= setInterval(() => this.#step(), STEP);
    return true;
  }

  /** A client was cut off. Its connection may still stand: nobody at the other end is reading of its end. */
  left(request: Request): void {
    this.#sockets.get(new URL(request.url).pathname)?.destroy();
  }

  /** Events that the stalling clients have read since this was last asked; `undefined` if there are none. */
  read(): number | undefined {
    const events = Math.round(this.#read / SIZE);
    this.#read = 0;
    return this.#sockets.size === 0 ? undefined : events;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const socket of this.#sockets.values()) socket.destroy();
    await (await this.#server)?.close();
  }

  /** One large event for those that stall, and in the same turn a small one for the pages, to see that it arrives. */
  #step(): void {
    if (this.#sockets.size > 0) this.#lastSeen = Date.now();
    else if (Date.now() > this.#lastSeen + AFTERWARDS) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#feed.publish({ event: "load", topic: "load", data: "x".repeat(SIZE) });
    this.#feed.publish({ event: "pulse", topic: "pulse", data: "" });
  }
}
