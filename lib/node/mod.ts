/**
 * Running a fetch handler: under Node's own servers, and with one call under Node, Bun and Deno alike.
 *
 * @module
 */

export type { ErrorHandler } from "./guard.ts";
export {
  type FetchHandler,
  type ListenerOptions,
  type NodeListener,
  type NodeRequest,
  type NodeResponse,
  toNodeListener,
} from "./listener.ts";
export { type RunningServer, serve, type ServeOptions } from "./serve.ts";
