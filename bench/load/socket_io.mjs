/** Connects clients of socket.io, over WebSockets, that read as those of `clients.mjs` do. */
import { io } from "socket.io-client";

export class SocketIoClient {
  events = 0;
  bytes = 0;
  greeted;
  times;
  #socket;

  constructor({ port, time, counted }) {
    if (time) this.times = [];
    this.#socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true });
    this.greeted = new Promise((resolve, reject) => {
      this.#socket.once("connect", resolve);
      this.#socket.once("connect_error", reject);
    });
    this.#socket.on("message", ({ seq }) => {
      // One that is out of order is never counted, so the run fails.
      if (seq !== this.events + 1) return;
      this.times?.push(performance.now());
      counted(this, this.events++);
    });
  }

  leave() {
    this.#socket.disconnect();
  }
}
