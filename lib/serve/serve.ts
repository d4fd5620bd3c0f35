/**
 * Runs a fetch handler on the runtime's own server, wherever it runs.
 *
 * @module
 */

import { type Clock, within } from "../base/clock.ts";
import { errorText, report, TidingsError } from "../base/errors.ts";
import {
  booleanOption,
  checkNames,
  clockOption,
  durationOption,
  functionOption,
  namesOf,
  numberOption,
  signalOption,
  wrongOption,
} from "../base/options.ts";
import { type ErrorHandler, guard, requireHandler } from "../node/guard.ts";
import type { FetchHandler } from "../node/types.ts";
import { startBun } from "./bun.ts";
import { startDeno } from "./deno.ts";
import { startNode } from "./node.ts";
import { type Closing, type EndSignal, processEnd, signalsOption } from "./process_end.ts";
import type { Listening } from "./types.ts";

/** Options of {@linkcode serve}. */
export interface ServeOptions {
  /** The port; 0 for any that is free. Default: 8080. */
  port?: number | undefined;
  /** The address to listen on. Default: `"0.0.0.0"`, all of IPv4. */
  hostname?: string | undefined;
  /** Closes the server when it is aborted, as {@linkcode RunningServer.close} does. */
  signal?: AbortSignal | undefined;
  /**
   * Ends the process in good order when it is asked to: `true` for SIGINT (Ctrl-C) and SIGTERM (containers, service
   * managers), or a list of names out of SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGBREAK. The first one prints a line and closes
   * the server, as {@linkcode RunningServer.close} does; then the process exits, with code 0, or 1 if {@linkcode drain}
   * failed. A second one, half a second later or more, ends it at once. Several servers of a process close together. Default:
   * `false`, signals are yours.
   */
  signals?: boolean | readonly EndSignal[] | undefined;
  /** Told of the first of these signals, in the place of the printed line: for a program with a log of its own. */
  onSignal?: ((name: EndSignal) => void) | undefined;
  /**
   * Called once when the server begins to close, for whichever reason, and no longer takes connections: end the event streams
   * here, which do not end by themselves, and whatever else is to go with the server. It is waited for, at most for `grace`.
   */
  drain?: (() => unknown) | undefined;
  /**
   * Milliseconds that `drain` and the responses under way are given once the server is closing; then these are cut, and
   * `drain` is not waited for. `Infinity` waits for both. Containers are mostly killed after 10,000. Default: 5,000.
   */
  grace?: number | undefined;
  /** Told when the handler throws. The client gets a bare 500 in any case. Default: prints the error. */
  onError?: ErrorHandler | undefined;
  /** On Node: see the option of the same name of `toNodeListener` in `tidings/node`. Default: `true`. */
  direct?: boolean | undefined;
  /** Time, for tests. Default: the runtime's own. */
  clock?: Clock | undefined;
}

const SERVE_OPTIONS = namesOf<ServeOptions>({
  port: true,
  hostname: true,
  signal: true,
  signals: true,
  onSignal: true,
  drain: true,
  grace: true,
  onError: true,
  direct: true,
  clock: true,
});
// Names that other servers have for the same: nothing would come of them, and the server would listen elsewhere.
const OTHER_NAMES = { host: "hostname", address: "hostname" };

/** A server that runs. */
export interface RunningServer {
  /** Where it is reached, for example `"http://localhost:8080/"`. */
  readonly url: string;
  /** The port it listens on. */
  readonly port: number;
  /** Resolves when the server has closed, for whichever reason. */
  readonly closed: Promise<void>;
  /**
   * Takes no new requests, calls the option `drain`, waits for it and for the responses under way, at most for the option
   * `grace`, and resolves when all is closed. Event streams do not end by themselves: close the broadcaster in `drain`, or
   * before this.
   */
  close(): Promise<void>;
}

/**
 * Serves a fetch handler with the runtime's own server: `Bun.serve`, `Deno.serve`, or `http.createServer`.
 *
 * @param handler The fetch handler.
 * @param options See {@linkcode ServeOptions}.
 * @returns The server, listening.
 * @throws {TidingsError} With code `"address-in-use"` if the port is taken, and `"address-unavailable"` if the address is none
 *   of this machine's, or the port not for this user.
 * @throws {TypeError} If an option is of no use, naming it and the value received.
 *
 * @example
 * ```ts
 * import { Broadcaster } from "tidings";
 * import { serve } from "tidings/serve";
 *
 * const news = new Broadcaster();
 * const server = await serve((request) => news.subscribe(request), { port: 0, hostname: "127.0.0.1" });
 * console.log(`Listening on ${server.url}`);
 *
 * await news.close();
 * await server.close();
 * ```
 *
 * @example A program that ends in good order, with code 0, on Ctrl-C and in a container
 * ```ts
 * import { Broadcaster } from "tidings";
 * import { serve } from "tidings/serve";
 *
 * const news = new Broadcaster();
 * const server = await serve((request) => news.subscribe(request), {
 *   port: 0,
 *   signals: true,
 *   drain: () => news.close({ retry: 1_000 }),
 * });
 * await server.close(); // as a signal would
 * ```
 */
export async function serve(handler: FetchHandler, options: ServeOptions = {}): Promise<RunningServer> {
  checkNames("serve", options, SERVE_OPTIONS, OTHER_NAMES, "port");
  const { port = 8080, hostname = "0.0.0.0", signal, drain, grace = 5_000, onError, direct = true } = options;
  requireHandler(handler);
  numberOption("port", port, { least: 0, unit: "a TCP port" });
  if (port > 65_535) throw wrongOption("port", "at most 65535", port);
  if (typeof hostname !== "string" || hostname === "") throw wrongOption("hostname", "an address", hostname);
  signalOption(signal);
  const signals = signalsOption(options.signals);
  functionOption("onSignal", options.onSignal);
  functionOption("drain", drain);
  durationOption("grace", grace, { least: 0, endless: true });
  functionOption("onError", onError);
  booleanOption("direct", direct);
  const clock = clockOption(options.clock);

  // An IPv6 address may stand in brackets, as in a URL. Node takes it without alone.
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  const start = "Bun" in globalThis ? startBun : "Deno" in globalThis ? startDeno : startNode;
  let server: Listening;
  try {
    server = await start(guard(handler, onError), { port, hostname: host, clock, direct });
  } catch (cause) {
    if (isAddressInUse(cause)) {
      throw new TidingsError(
        "address-in-use",
        `Port ${port} on ${hostname} is in use: stop what uses it, or choose another port`,
        { cause },
      );
    }
    // The options are checked, so that what is left is where to listen. Each runtime has errors of its own for it.
    throw new TidingsError(
      "address-unavailable",
      `${hostname}, port ${port}, cannot be listened on (${
        errorText(cause)
      }): use an address of this machine, such as ` +
        `0.0.0.0 for all or 127.0.0.1 for this machine alone, and a port that you may use`,
      { cause },
    );
  }

  let wentWell = true;
  const draining = async () => {
    try {
      await drain?.();
    } catch (error) {
      wentWell = false;
      report("the option drain failed", error);
    }
  };

  let closing: Promise<void> | undefined;
  let settle: (closed: Promise<void>) => void;
  const closed = new Promise<void>((resolve) => settle = resolve);
  const close = (): Promise<void> => {
    if (closing === undefined) {
      signal?.removeEventListener("abort", close);
      closing = stopWithin(server, draining, { grace, clock }).finally(() => processEnd.delete(bySignals));
      settle(closing);
    }
    return closing;
  };
  const { onSignal } = options;
  const bySignals: Closing = { signals, clock, onSignal, close: () => close().then(() => wentWell) };
  if (signals.length > 0) processEnd.add(bySignals);
  if (signal?.aborted) await close();
  else signal?.addEventListener("abort", close);
  return { url: urlOf(host, server.port), port: server.port, closed, close };
}

/** Waits for what is drained and for the responses under way, and cuts what takes longer than `grace`. */
async function stopWithin(
  server: Listening,
  drain: () => Promise<void>,
  { grace, clock }: { grace: number; clock: Clock },
): Promise<void> {
  const stopped = server.stop();
  await within(clock, grace, Promise.all([stopped, drain()]), () => {
    server.cut();
    return stopped;
  });
}

function urlOf(hostname: string, port: number): string {
  // "All addresses" is none that a browser could open.
  const host = hostname === "0.0.0.0" || hostname === "::" ? "localhost" : hostname;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}/`;
}

function isAddressInUse(error: unknown): boolean {
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown };
  return code === "EADDRINUSE" || name === "AddrInUse";
}
