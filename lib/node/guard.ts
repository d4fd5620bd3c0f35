/**
 * Keeps a handler's failure away from the client, and from the process.
 *
 * @module
 */

import { callHook, report } from "../base/errors.ts";
import { wrongOption } from "../base/options.ts";
import type { FetchHandler, SafeHandler } from "./types.ts";

/** Is told of an error that a handler threw. */
export type ErrorHandler = (error: unknown, request: Request) => void;

/**
 * Refuses what is no handler: a broadcaster, or an object with a method `fetch`.
 *
 * @throws {TypeError} Saying what a handler looks like.
 */
export function requireHandler(handler: FetchHandler): void {
  if (typeof handler === "function") return;
  throw wrongOption("handler", "a fetch handler, such as (request) => feed.subscribe(request)", handler);
}

/** The handler, which now always resolves: with a bare 500 when it failed, of which only the operator learns more. */
export function guard(
  handler: FetchHandler,
  onError?: ErrorHandler,
): SafeHandler {
  return async (request) => {
    try {
      const response: unknown = await handler(request);
      if (!(response instanceof Response)) {
        throw new TypeError(
          "The handler must return a Response: return one for every route, for example a 404",
        );
      }
      // Deno's server would end the process.
      if (!response.bodyUsed) return response;
      throw new TypeError(
        "The handler must return a Response that nobody has read: read a response.clone(), and return the response",
      );
    } catch (error) {
      if (onError === undefined) report(`the handler failed on ${request.method} ${request.url}`, error);
      else callHook("onError", () => onError(error, request));
      return new Response("Internal Server Error", { status: 500 });
    }
  };
}
