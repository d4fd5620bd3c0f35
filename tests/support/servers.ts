/**
 * Starts the servers of the running runtime: what `serve()` makes of them, and the runtime's own with every default
 * left alone.
 *
 * @module
 */

import { createServer } from "node:http";
import { toNodeListener } from "../../lib/node/mod.ts";
import { type FetchHandler, serve } from "../../lib/serve/mod.ts";
import { runtime } from "./runtime.ts";

export interface TestServer {
  readonly port: number;
  /** Cuts what is still open. */
  close(): Promise<void>;
}

export interface ServerKind {
  readonly name: string;
  start(handler: FetchHandler): Promise<TestServer>;
}

const ours: ServerKind = {
  name: "serve()",
  async start(handler) {
    const server = await serve(handler, { port: 0, hostname: "127.0.0.1", grace: 0 });
    return { port: server.port, close: server.close };
  },
};

const bun: ServerKind = {
  name: "Bun.serve",
  // deno-lint-ignore require-await
  async start(handler) {
    const { Bun } = globalThis as unknown as {
      Bun: {
        serve(
          options: { fetch: FetchHandler; port: number },
        ): { port: number; stop(cut: boolean): Promise<void> };
      };
    };
    const server = Bun.serve({ fetch: handler, port: 0 });
    return { port: server.port, close: () => server.stop(true) };
  },
};

const deno: ServerKind = {
  name: "Deno.serve",
  // deno-lint-ignore require-await
  async start(handler) {
    const { Deno } = globalThis as unknown as {
      Deno: {
        serve(
          options: { port: number; signal: AbortSignal; onListen(): void },
          handler: FetchHandler,
        ): { addr: { port: number }; finished: Promise<void> };
      };
    };
    const cutting = new AbortController();
    const server = Deno.serve({ port: 0, signal: cutting.signal, onListen() {} }, handler);
    return {
      port: server.addr.port,
      close() {
        cutting.abort();
        return server.finished;
      },
    };
  },
};

const node: ServerKind = {
  name: "http.createServer",
  async start(handler) {
    const server = createServer(toNodeListener(handler));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
      port: (server.address() as { port: number }).port,
      close: () =>
        new Promise((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    };
  },
};

/** The same, for bodies that `toNodeListener` does not know for ours: it reads those as it reads anybody's. */
const nodeByBody: ServerKind = {
  name: "http.createServer, reading bodies",
  start: (handler) =>
    node.start(async (request) => {
      const response = await handler(request);
      return new Response(response.body && anybodys(response.body), response);
    }),
};

/** Another stream of the same chunks, with no room of its own. */
function anybodys(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

export const servers: readonly ServerKind[] = [
  ours,
  ...{ bun: [bun], deno: [deno], node: [node, nodeByBody] }[runtime],
];

/** Runs a server for as long as `use` takes. */
export async function withServer(
  kind: ServerKind,
  handler: FetchHandler,
  use: (port: number) => Promise<void>,
): Promise<void> {
  const server = await kind.start(handler);
  try {
    await use(server.port);
  } finally {
    await server.close();
  }
}
