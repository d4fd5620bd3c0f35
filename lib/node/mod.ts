/**
 * Running a fetch handler: under Node's own servers, and with one call under Node, Bun and Deno alike.
 *
 * @module
 */

export type { ErrorHandler } from "./guard.ts";
export { type ListenerOptions, type NodeListener, toNodeListener } from "./listener.ts";
export { type RunningServer, serve, type ServeOptions } from "./serve.ts";
export type { FetchHandler, NodeRequest, NodeResponse } from "./types.ts";
