/**
 * A connection over which requests go one after the other, at almost no cost: whoever measures a server on the same machine
 * takes from it what the client uses.
 */
import { Buffer } from "node:buffer";
import { connect } from "node:net";

export class Poster {
  #port;
  #socket;
  #head;
  #received = "";
  #settle;

  constructor({ port, token }) {
    this.#port = port;
    this.#head = `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\n`;
  }

  /** Resolves once it is answered with 200, and rejects if it is answered otherwise. */
  post({ path, type, body }) {
    const length = Buffer.byteLength(body);
    this.#socket ??= this.#connect();
    this.#socket.write(
      `POST ${path} HTTP/1.1\r\n${this.#head}Content-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n${body}`,
    );
    return new Promise((resolve, reject) => this.#settle = { resolve, reject });
  }

  end() {
    this.#settle = undefined;
    this.#socket?.destroy();
  }

  #connect() {
    const socket = connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    socket.setEncoding("latin1").on("data", (text) => this.#read(text));
    socket.on("error", (error) => this.#drop(socket, error));
    socket.on("close", () => this.#drop(socket, new Error("The hub closed the connection")));
    return socket;
  }

  /** The next post makes another: one that was not used for a time may have been closed. */
  #drop(socket, error) {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#settle?.reject(error);
  }

  #read(text) {
    const received = this.#received += text;
    const end = received.indexOf("\r\n\r\n") + 4;
    if (end < 4) return;
    const length = /^content-length: *(\d+)/im.exec(received.slice(0, end))?.[1];
    const isAll = length === undefined
      ? received.endsWith("\r\n0\r\n\r\n")
      : received.length >= end + Number(length);
    if (!isAll) return;
    this.#received = "";
    // Deno's server does so after a large request.
    if (/^connection: *close/im.test(received.slice(0, end))) this.#socket = undefined;
    const { resolve, reject } = this.#settle;
    this.#settle = undefined;
    if (received.startsWith("HTTP/1.1 200 ")) resolve();
    else reject(new Error(`The hub answered ${received}`));
  }
}
