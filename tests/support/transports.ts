/**
 * Starts `toNodeListener` under each of Node's servers, with one client for all of them.
 *
 * @module
 */

import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { type FetchHandler, type ListenerOptions, toNodeListener } from "../../lib/node/mod.ts";
import { makeCertificate } from "./certificate.ts";
import { runtime } from "./runtime.ts";
import { until } from "./wait.ts";

export type TransportName = "HTTP/1.1" | "HTTPS" | "HTTP/2";

const certificate = runtime === "node" ? makeCertificate() : undefined;

/** Why a transport cannot be tested here; `false` if it can. */
export function whyNot(name: TransportName): string | false {
  if (runtime !== "node" && name !== "HTTP/1.1") {
    return "serve() is for this runtime; of its imitations of Node's servers only node:http is tried";
  }
  return name !== "HTTP/1.1" && certificate === undefined && "there is no openssl to make a certificate with";
}

export interface AskOptions {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  /** Keeps the request's body open, for {@linkcode Exchange.upload}. */
  uploading?: boolean;
  /** Whether the client reads the response's body. Default: true. */
  reading?: boolean;
}

/** One request and its response, as the client sees them. */
export class Exchange {
  status = 0;
  statusText: string | undefined;
  headers: http.IncomingHttpHeaders = {};
  text = "";
  received = 0;
  /** How the response ended, once it has. */
  end: "complete" | "cut" | undefined;
  upload!: Writable;
  /** Goes away in the middle: closes the socket, or resets the HTTP/2 stream, with this code. Default: CANCEL. */
  leave!: (code?: number) => void;
  readonly #reading: boolean;
  #source: Readable | undefined;

  constructor(reading: boolean) {
    this.#reading = reading;
  }

  /** The response's headers are here. */
  answered(source: Readable): void {
    this.#source = source;
    if (this.#reading) this.read();
  }

  read(): void {
    this.#source!.on("data", (chunk: Uint8Array) => {
      this.received += chunk.length;
      if (this.received < 1e6) this.text += String(chunk);
    });
  }

  head(ms?: number): Promise<void> {
    return until(() => this.status !== 0 || this.end !== undefined, "the headers arrive", ms);
  }

  async until(text: string): Promise<void> {
    await until(() => this.text.includes(text) || this.end !== undefined, `${text} arrives`);
    if (!this.text.includes(text)) throw new Error(`The response ended without ${text}: ${this.text}`);
  }

  async ended(ms?: number): Promise<this> {
    await until(() => this.end !== undefined, "the response ends", ms);
    return this;
  }
}

export interface Transport {
  readonly port: number;
  /** The server's side of each connection. */
  readonly sockets: Set<Socket>;
  ask(options?: AskOptions): Exchange;
  close(): Promise<void>;
}

export async function startTransport(
  name: TransportName,
  handler: FetchHandler,
  options?: ListenerOptions,
): Promise<Transport> {
  const listener = toNodeListener(handler, options);
  const server: Server = name === "HTTP/1.1"
    ? http.createServer(listener)
    : name === "HTTPS"
    ? https.createServer({ ...certificate! }, listener)
    : http2.createSecureServer({ ...certificate! }, listener);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const agent = name === "HTTPS" ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
  const sessions: http2.ClientHttp2Session[] = [];
  const session = () => {
    let [open] = sessions;
    if (open === undefined || open.destroyed) {
      sessions.unshift(
        open = http2.connect(`https://localhost:${port}`, { host: "127.0.0.1", rejectUnauthorized: false }),
      );
      open.on("error", () => {});
    }
    return open;
  };
  return {
    port,
    sockets,
    ask: (asked = {}) => name === "HTTP/2" ? ask2(session(), asked) : ask1(name, port, agent, asked),
    close: () =>
      new Promise((resolve) => {
        agent.destroy();
        for (const open of sessions) open.destroy();
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function ask1(name: TransportName, port: number, agent: http.Agent, asked: AskOptions): Exchange {
  const { method = "GET", path = "/", headers = {}, uploading = false, reading = true } = asked;
  const exchange = new Exchange(reading);
  const init = { port, host: "127.0.0.1", method, path, headers, agent, rejectUnauthorized: false };
  const request = (name === "HTTPS" ? https : http).request(init, (response) => {
    exchange.status = response.statusCode!;
    exchange.statusText = response.statusMessage!;
    exchange.headers = response.headers;
    response.on("error", () => {});
    response.on("close", () => exchange.end ??= response.complete ? "complete" : "cut");
    exchange.answered(response);
  });
  request.on("error", () => exchange.end ??= "cut");
  exchange.upload = request;
  exchange.leave = () => void request.destroy();
  if (uploading) request.flushHeaders();
  else request.end();
  return exchange;
}

function ask2(session: http2.ClientHttp2Session, asked: AskOptions): Exchange {
  const { method = "GET", path = "/", headers = {}, uploading = false, reading = true } = asked;
  const exchange = new Exchange(reading);
  const stream = session.request({ ":method": method, ":path": path, ...headers }, { endStream: !uploading });
  stream.on("response", (got) => {
    exchange.status = got[":status"]!;
    exchange.headers = got;
  });
  stream.on("error", () => {});
  stream.on(
    "close",
    () => exchange.end ??= stream.rstCode === 0 && stream.readableEnded ? "complete" : "cut",
  );
  exchange.upload = stream;
  // close() would end the upload as if it were complete, and reset the stream only then.
  exchange.leave = (code = http2.constants.NGHTTP2_CANCEL) =>
    uploading ? stream.destroy(new Error()) : stream.close(code);
  exchange.answered(stream);
  return exchange;
}
