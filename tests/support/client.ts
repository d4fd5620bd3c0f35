/**
 * Is a client that is nothing but a TCP socket, so that a test decides how it leaves and when it reads.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { PATIENCE } from "./wait.ts";

const HOST = "127.0.0.1";

export interface RequestOptions {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  /** Whether the client reads what arrives. Default: true. */
  reading?: boolean;
}

export class RawClient {
  readonly #socket: Socket;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #watching = new Set<() => void>();
  #text = "";
  #closed = false;

  private constructor(socket: Socket, reading: boolean) {
    this.#socket = socket;
    socket.setNoDelay(true);
    if (reading) this.read();
    // That the server cut it off is a normal end of a test.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#closed = true;
      this.#changed();
    });
  }

  /**
   * Connects, and sends a request if there is one.
   *
   * @param halfOpen Whether it may send on after the server has said that it will not. Default: false.
   */
  static async open(port: number, request?: RequestOptions, halfOpen = false): Promise<RawClient> {
    const socket = connect({ port, host: HOST, allowHalfOpen: halfOpen });
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve();
      });
    });
    const client = new RawClient(socket, request?.reading ?? true);
    if (request !== undefined) client.request(request);
    return client;
  }

  /** All that has arrived. */
  get text(): string {
    return this.#text;
  }

  /** What has arrived after the headers, with the marks of chunked coding still in it. */
  get body(): string {
    const end = this.#text.indexOf("\r\n\r\n");
    return end === -1 ? "" : this.#text.slice(end + 4);
  }

  /** Whether the connection has ended, by either side. */
  get closed(): boolean {
    return this.#closed;
  }

  request({ method = "GET", path = "/", headers = {} }: RequestOptions = {}): void {
    const lines = Object.entries({ host: HOST, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    this.send(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  }

  send(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Reads no more, until {@linkcode RawClient.resume}. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Begins to read, if it was opened without. */
  read(): void {
    this.#socket.on("data", (chunk: Uint8Array) => {
      this.#text += this.#decoder.decode(chunk, { stream: true });
      this.#changed();
    });
  }

  /** Waits until what has arrived matches. */
  async until(pattern: RegExp | string, ms: number = PATIENCE): Promise<string> {
    const found = () => typeof pattern === "string" ? this.#text.includes(pattern) : pattern.test(this.#text);
    await this.#wait(() => found() || this.#closed, ms, `${pattern} did not arrive`);
    if (!found()) throw new Error(`The connection ended before ${pattern} arrived, after: ${this.#tail()}`);
    return this.#text;
  }

  /** Waits until the connection has ended. */
  async untilClosed(ms: number = PATIENCE): Promise<string> {
    await this.#wait(() => this.#closed, ms, "the connection did not end");
    return this.#text;
  }

  /** Leaves as a program does that closes its socket (FIN). */
  end(): void {
    this.#socket.end();
  }

  /** Leaves as a program does that closes its socket for reading too: it says so when it is written to the next time. */
  close(): void {
    this.#socket.destroy();
  }

  /** Leaves as a program does that is killed (RST). */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  async #wait(done: () => boolean, ms: number, failure: string): Promise<void> {
    if (done()) return;
    let timer: ReturnType<typeof setTimeout>;
    let watch!: () => void;
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`In ${ms} ms ${failure}, after: ${this.#tail()}`)), ms);
      this.#watching.add(watch = () => done() && resolve());
    }).finally(() => {
      clearTimeout(timer);
      this.#watching.delete(watch);
    });
  }

  #changed(): void {
    for (const watch of this.#watching) watch();
  }

  #tail(): string {
    return JSON.stringify(this.#text.slice(-200));
  }
}
