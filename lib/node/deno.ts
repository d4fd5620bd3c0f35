/**
 * Deno's server.
 *
 * @module
 */

import type { FetchHandler } from "./listener.ts";
import type { Binding, Listening } from "./serve.ts";

/** The part of the `Deno` global that is used here. */
export interface DenoServe {
  serve(
    options: { port: number; hostname: string; signal: AbortSignal; onListen(): void },
    handler: (request: Request, info: { completed?: Promise<void> }) => Response | Promise<Response>,
  ): { readonly addr: unknown; readonly finished: Promise<void>; shutdown(): Promise<void> };
}

export function startDeno(handler: FetchHandler, { port, hostname }: Binding): Listening {
  const { Deno } = globalThis as unknown as { Deno: DenoServe };
  const cutting = new AbortController();
  const server = Deno.serve(
    // Deno would print where it listens; that is for the caller to say.
    { port, hostname, signal: cutting.signal, onListen() {} },
    (request, { completed }) => handler(withHonestSignal(request, completed)),
  );
  return {
    port: (server.addr as { port: number }).port,
    stop: () => server.shutdown().then(() => server.finished),
    cut: () => cutting.abort(),
  };
}

/**
 * Deno aborts a request's signal after every response, complete or not, and prints a warning once when somebody looked at
 * it. Here the signal means what it means elsewhere: the client left.
 */
function withHonestSignal(request: Request, completed: Promise<void> | undefined): Request {
  if (completed === undefined) return request; // before Deno 2.2
  const leaving = new AbortController();
  completed.catch(() => leaving.abort());
  return Object.defineProperty(request, "signal", { value: leaving.signal });
}
