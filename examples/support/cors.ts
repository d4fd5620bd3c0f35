/** Lets pages of the listed origins read every answer, refusals too: otherwise a page never learns why it was refused. */

import type { FetchHandler } from "tidings/serve";
import { origins } from "./origins.ts";

/** What these pages may send beside what every page may. */
const REQUEST_HEADERS = "authorization, cache-control, content-type, last-event-id";

function isAllowed(origin: string): boolean {
  return typeof origins === "function" ? origins(origin) : origins.includes(origin);
}

/** Adds the headers to an answer that has none of its own. */
function allow(request: Request, { headers }: Response): void {
  if (!/\borigin\b/i.test(headers.get("vary") ?? "")) headers.append("vary", "Origin");
  const origin = request.headers.get("origin");
  if (origin === null || headers.has("access-control-allow-origin") || !isAllowed(origin)) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-allow-credentials", "true");
  headers.set("access-control-expose-headers", "Location, Retry-After");
}

/** The handler, every answer of which pages of the listed origins may read. */
export function readable(handler: FetchHandler): FetchHandler {
  return async (request) => {
    const response = await handler(request);
    allow(request, response);
    return response;
  };
}

/** The method of the request that a browser is about to make, if this is how it asks whether it may. */
export function methodAskedFor({ method, headers }: Request): string | undefined {
  if (method !== "OPTIONS" || !headers.has("origin")) return undefined;
  return headers.get("access-control-request-method") ?? undefined;
}

/** The answer to that: it may. */
export function preflight(method: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": method,
      "access-control-allow-headers": REQUEST_HEADERS,
      "access-control-max-age": "7200",
    },
  });
}
