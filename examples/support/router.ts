/** Finds the handler of a request, by method and path, and answers refusals. Pages of the listed origins may read all. */

import type { FetchHandler } from "tidings/serve";
import { methodAskedFor, preflight, readable } from "./cors.ts";
import { Refusal } from "./http.ts";

/**
 * Handlers by `"<methods> <path>"`: `"GET /sse"`, `"GET,OPTIONS /events"`. HEAD comes with GET. A path that ends with `/*`
 * takes everything below it; an exact path is looked for first.
 */
export type Routes = Readonly<Record<string, FetchHandler>>;

/**
 * One handler of all the tables' routes. Two of them with the same method and path are a mistake, found here. What a
 * handler throws as a {@linkcode Refusal} is answered as one.
 */
export function router(...tables: readonly Routes[]): FetchHandler {
  const paths = new Map<string, Map<string, FetchHandler>>();
  for (const [key, handler] of tables.flatMap((table) => Object.entries(table))) {
    const [, methods, path] = /^([A-Z,]+) (\/\S*)$/.exec(key) ?? [];
    if (methods === undefined || path === undefined) {
      throw new TypeError(`Route "${key}" must be methods and a path, such as "GET,OPTIONS /events"`);
    }
    const byMethod = paths.get(path) ?? new Map<string, FetchHandler>();
    paths.set(path, byMethod);
    for (const method of methods.replace(/\bGET\b/, "GET,HEAD").split(",")) {
      if (byMethod.has(method)) {
        throw new TypeError(`Two routes answer ${method} ${path}: rename one of them`);
      }
      byMethod.set(method, handler);
    }
  }
  const wide = [...paths].filter(([path]) => path.endsWith("/*")).map(([path, byMethod]) =>
    [path.slice(0, -1), byMethod] as const
  );
  const find = (request: Request): FetchHandler => {
    const { pathname } = new URL(request.url);
    const byMethod = paths.get(pathname) ?? wide.find(([path]) => pathname.startsWith(path))?.[1];
    const asked = methodAskedFor(request);
    // Also where the answer will be a refusal: the page is to read why.
    if (asked !== undefined && !(byMethod?.has("OPTIONS") && byMethod.has(asked))) {
      return () => preflight(asked);
    }
    if (byMethod === undefined) throw new Refusal(404, "Nothing here: see /");
    const handler = byMethod.get(request.method);
    if (handler !== undefined) return handler;
    const allowed = [...byMethod.keys()];
    throw new Refusal(405, `Use ${allowed.join(" or ")} here`, { headers: { allow: allowed.join(", ") } });
  };
  return readable(async (request) => {
    try {
      return await find(request)(request);
    } catch (error) {
      if (error instanceof Refusal) return error.toResponse();
      throw error;
    }
  });
}
