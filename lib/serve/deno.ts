/**
 * Runs a handler on Deno's server, from Deno 2.2 on: before that nothing tells when a response is complete.
 *
 * @module
 */

import type { SafeHandler } from "../node/types.ts";
import type { Binding, Listening } from "./types.ts";

/** The part of the `Deno` global that is used here. */
export interface DenoServe {
  serve(
    options: { port: number; hostname: string; signal: AbortSignal; onListen(): void },
    handler: (request: Request, info: { completed: Promise<void> }) => Response | Promise<Response>,
  ): { readonly addr: unknown; readonly finished: Promise<void> };
}

export function startDeno(handler: SafeHandler, { port, hostname }: Binding): Listening {
  const { Deno } = globalThis as unknown as { Deno: DenoServe };
  const cutting = new AbortController();
  let underWay = 0;
  let stopping = false;
  const settled = () => {
    if (--underWay === 0 && stopping) cutting.abort();
  };
  const server = Deno.serve(
    // Deno would print where it listens; that is for the caller to say.
    { port, hostname, signal: cutting.signal, onListen() {} },
    (request, { completed }) => {
      // The connection is closed with the server, and an EventSource then comes back; an answer of 503 would end it for good.
      if (stopping) return new Promise(() => {});
      underWay++;
      completed.then(settled, settled);
      return answer(handler, request, completed);
    },
  );
  return {
    port: (server.addr as { port: number }).port,
    // Not `shutdown()`: once that has begun nothing can cut what is left, and aborting the signal throws.
    stop() {
      stopping = true;
      if (underWay === 0) cutting.abort();
      return server.finished;
    },
    cut: () => cutting.abort(),
  };
}

/**
 * Deno aborts a request's signal after every response, complete or not. Here it is aborted only if the client left: while
 * the handler still works, as Deno's signal says, or if the response failed, as `completed` says. A client that leaves a
 * stream is no failure to Deno, and its signal then means nothing: such a client is known by its body being cancelled.
 *
 * Looking at the signal makes Deno print a warning, once in a process, unless it runs with `--unstable-no-legacy-abort`.
 */
async function answer(handler: SafeHandler, request: Request, completed: Promise<void>): Promise<Response> {
  const leaving = new AbortController();
  let answered = false;
  request.signal.addEventListener("abort", () => answered || leaving.abort());
  completed.catch(() => leaving.abort());
  try {
    return await handler(Object.defineProperty(request, "signal", { value: leaving.signal }));
  } finally {
    answered = true;
  }
}
