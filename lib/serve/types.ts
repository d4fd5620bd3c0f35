/**
 * States what `serve` asks of each runtime's server.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";

/** Where to listen, by which clock to wait, and whether Node's sockets may be written to directly. */
export interface Binding {
  readonly port: number;
  readonly hostname: string;
  readonly clock: Clock;
  readonly direct: boolean;
}

/** A server that listens. */
export interface Listening {
  readonly port: number;
  /** Stops listening and resolves when the last response has ended. */
  stop(): Promise<void>;
  /** Cuts the responses that are still under way; `stop()` then resolves. */
  cut(): void;
}
