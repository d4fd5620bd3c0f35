/**
 * The entry point `tidings/node`: the adapter for Node's own servers, and `serve`, which had its place here before
 * `tidings/serve`.
 *
 * @module
 */

export * from "../node/mod.ts";
export type { EndSignal } from "./process_end.ts";
export { type RunningServer, serve, type ServeOptions } from "./serve.ts";
