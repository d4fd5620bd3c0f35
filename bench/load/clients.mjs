/**
 * Raw sockets that read an event stream at almost no cost: all of them read into one buffer, and an event is counted by
 * the one byte that ends its data.
 */
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { eventsIn } from "./body.mjs";

const HEAD_END = "\r\n\r\n";
// A read is handled before the next one begins, so one buffer serves every socket.
const shared = Buffer.allocUnsafe(1 << 18);

export class Client {
  events = 0;
  bytes = 0;
  /** Whether what is kept is in HTTP/1.1's chunked coding. */
  chunked = true;
  /** Resolves with the first byte of the body; rejects if there never is one. */
  greeted;
  /** What was received, for those clients that are checked to the letter. */
  kept;
  /** When each event was received, for those that are timed. */
  times;
  #socket;
  #head = "";
  #isBody = false;
  #greet;
  #refuse;
  #counted;

  /**
   * @param {object} options
   * @param {string} [options.localAddress] from which it connects: an address has some 28,000 ports to give
   * @param {(client: Client, before: number) => void} options.counted told after each read that held events
   */
  constructor({ port, path, headers = {}, localAddress, keep, time, counted }) {
    this.#counted = counted;
    if (keep) this.kept = [];
    if (time) this.times = [];
    this.greeted = new Promise((resolve, reject) => {
      this.#greet = resolve;
      this.#refuse = reject;
    });
    // Whoever waits is told; without anybody it is no failure.
    this.greeted.catch(() => {});
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      localAddress,
      onread: {
        buffer: shared,
        callback: (size) => {
          this.#read(shared.subarray(0, size));
          return true;
        },
      },
    });
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    this.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n${lines}\r\n`,
    );
    this.#socket.on("error", (error) => this.#refuse(error));
    this.#socket.on(
      "close",
      () => this.#refuse(new Error("The server closed a stream before its first byte")),
    );
  }

  /** Reads no more. What the kernel takes for it, it takes. */
  stall() {
    this.#socket.pause();
  }

  /** Leaves as a browser does, which closes its socket, or at once (`abruptly`), which leaves no trace in the kernel. */
  leave(abruptly) {
    this.#refuse(new Error("Left"));
    if (abruptly) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** How many events end in this piece of the body. */
  count(chunk) {
    return eventsIn(chunk);
  }

  #read(chunk) {
    if (!this.#isBody && (chunk = this.#readHead(chunk)).length === 0) return;
    this.bytes += chunk.length;
    this.kept?.push(Buffer.from(chunk));
    const before = this.events;
    this.events += this.count(chunk);
    if (this.events === before) return;
    if (this.times !== undefined) {
      const now = performance.now();
      for (let i = before; i < this.events; i++) this.times.push(now);
    }
    this.#counted(this, before);
  }

  /** @returns what of the chunk is body */
  #readHead(chunk) {
    this.#head += chunk.toString("latin1");
    const end = this.#head.indexOf(HEAD_END);
    if (end === -1 || this.#head.length === end + HEAD_END.length) return chunk.subarray(0, 0);
    if (!this.#head.startsWith("HTTP/1.1 200")) {
      this.#refuse(new Error(`The server answered ${this.#head.split("\r\n", 1)[0]}`));
    }
    const body = Buffer.from(this.#head.slice(end + HEAD_END.length), "latin1");
    this.#isBody = true;
    this.#head = "";
    this.#greet();
    return body;
  }
}
