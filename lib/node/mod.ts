/**
 * Runs a fetch handler under Node's own servers.
 *
 * @module
 */

export type { ErrorHandler } from "./guard.ts";
export { type ListenerOptions, type NodeListener, toNodeListener } from "./listener.ts";
export type { FetchHandler, NodeRequest, NodeResponse } from "./types.ts";
