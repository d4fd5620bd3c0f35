/**
 * Adapts fetch handlers to Node's own servers. It exports `serve` too, which `tidings/serve` has for every runtime.
 *
 * @module
 */

export * from "../node/mod.ts";
export type { EndSignal } from "./process_end.ts";
export { type RunningServer, serve, type ServeOptions } from "./serve.ts";
