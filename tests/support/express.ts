/**
 * Types Express, as far as the tests use it: it brings no types of its own.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";

/** A request, with what Express and its parsers put on it. */
export type ExpressRequest = IncomingMessage & { body?: unknown; rawBody?: unknown };

export type Middleware = (
  request: ExpressRequest,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

export interface App {
  (request: IncomingMessage, response: ServerResponse): void;
  use(...steps: (string | Middleware)[]): void;
}

/** Makes apps, routers and parsers. */
export interface Express {
  (): App;
  Router(): App & Middleware;
  json(options?: object): Middleware;
  urlencoded(options?: object): Middleware;
  raw(options?: object): Middleware;
  text(options?: object): Middleware;
}

// It is CommonJS, of which each runtime's `import` makes something else.
export const express: Express = createRequire(import.meta.url)("express") as Express;

/** Serves an app on a free port for as long as `use` takes. */
export async function withApp(build: (app: App) => void, use: (url: string) => Promise<void>): Promise<void> {
  const app = express();
  build(app);
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }
}
