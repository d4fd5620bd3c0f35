/**
 * Runs a fetch handler on the runtime's own server, with one call: `Bun.serve`, `Deno.serve` or `http.createServer`.
 *
 * @module
 */

export type { ErrorHandler } from "../node/guard.ts";
export type { FetchHandler } from "../node/types.ts";
export type { EndSignal } from "./process_end.ts";
export { type RunningServer, serve, type ServeOptions } from "./serve.ts";
