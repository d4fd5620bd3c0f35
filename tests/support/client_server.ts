// Serves the client's tests, and misbehaves in every way: it is node:http with the sockets at hand.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What one request brought. */
export interface Seen {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
  at: number;
}

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Every request so far. */
  readonly requests: Seen[];
  /** How many connections are open now. */
  sockets(): number;
  /** How many responses have been begun and neither ended nor cut off. */
  streams(): number;
  /** Cuts off all connections and stops listening, as a killed process does. */
  kill(): Promise<void>;
}

export type Responder = (response: ServerResponse, seen: Seen, count: number) => void;

/** Starts a server on the loopback; `count` is 0 for the first request, and `port` 0 for any free one. */
export async function startServer(respond: Responder, port = 0): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const streams = new Set<ServerResponse>();
  const requests: Seen[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    let body = "";
    streams.add(response);
    response.on("close", () => streams.delete(response));
    request.setEncoding("utf8");
    request.on("data", (text: string) => body += text);
    request.on("end", () => {
      const seen = { method, path: url, headers, body, at: performance.now() };
      requests.push(seen);
      respond(response, seen, requests.length - 1);
    });
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}/events`,
    port: address.port,
    requests,
    sockets: () => sockets.size,
    streams: () => streams.size,
    kill() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections?.();
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}

/** Sends the head of an event stream. */
export function openStream(response: ServerResponse, headers: Record<string, string> = {}): ServerResponse {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store", ...headers });
  response.flushHeaders();
  return response;
}

/** The text of the events from one number to another, each with its number as id and data. */
export function events(from: number, to: number): string {
  let text = "";
  for (let n = from; n <= to; n++) text += `id: ${n}\ndata: event ${n}\n\n`;
  return text;
}

/** The number after the one the client has. */
export function resumeAt(seen: Seen): number {
  return Number(seen.headers["last-event-id"] ?? 0) + 1;
}

/** Answers with a plain status. */
export function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers);
  response.end(status === 204 ? undefined : `status ${status}`);
}

/** Cuts the connection off with a reset, so that the other side sees an error and no end. */
export function reset(response: ServerResponse): void {
  const { socket } = response;
  if (typeof socket?.resetAndDestroy === "function") socket.resetAndDestroy();
  else socket?.destroy();
}
