/**
 * Lets pages of other origins read a stream, as far as they may: CORS (Fetch standard, section 3.3).
 *
 * @module
 */

import { report, show } from "../base/errors.ts";
import { append } from "./header_list.ts";
import { booleanOption, checkNames, durationOption, namesOf, wrongOption } from "../base/options.ts";

/**
 * Lets pages of other origins read a stream. It is no access control: a request from an origin that is not allowed is
 * answered as any other, without the headers that would let its page read the answer, and the browser drops it. What is
 * for some users only needs a check of its own.
 *
 * @example
 * ```ts
 * import { Broadcaster } from "tidings";
 *
 * const news = new Broadcaster();
 * const cors = { origins: ["https://app.example.com", "http://localhost:5173"], credentials: true };
 *
 * // In the server's fetch handler, for GET and OPTIONS alike:
 * const request = new Request("https://api.example.com/events", { headers: { origin: "http://localhost:5173" } });
 * const response = news.subscribe(request, { cors });
 *
 * const allowed = response.headers.get("access-control-allow-origin");
 * if (allowed !== "http://localhost:5173") throw new Error(String(allowed));
 * await news.close();
 * ```
 */
export interface CorsOptions {
  /**
   * The origins whose pages may read: a list of `scheme://host[:port]`, as browsers send them in `Origin`; a function that
   * is asked for each; or `"*"` for every page there is. A function that throws, or returns anything but `true`, refuses.
   */
  readonly origins: "*" | readonly string[] | ((origin: string) => boolean);
  /**
   * Whether these pages may send the user's cookies, as `EventSource` does with `withCredentials`. Not with `"*"`, which
   * browsers refuse. Default: `false`.
   */
  readonly credentials?: boolean | undefined;
  /**
   * Request headers that these pages may send, besides `Last-Event-ID`, `Authorization`, `Content-Type` and
   * `Cache-Control`. Default: none.
   */
  readonly headers?: readonly string[] | undefined;
  /**
   * Milliseconds for which a browser need not ask again before a request; whole seconds are told. Default: 7,200,000 (two
   * hours), the most that Chromium heeds.
   */
  readonly preflightMaxAge?: number | undefined;
}

/** `Last-Event-ID` is what a client that comes back sends, the others are what clients of event streams may need. */
const REQUEST_HEADERS = ["last-event-id", "authorization", "content-type", "cache-control"];

const OPTIONS = namesOf<CorsOptions>({
  origins: true,
  credentials: true,
  headers: true,
  preflightMaxAge: true,
});

// Checked once: most servers pass the same object for every request.
const checked = new WeakSet<CorsOptions>();

/**
 * Checks the option `cors`.
 *
 * @throws {TypeError} Naming the option, the value received, and what to write instead.
 */
export function checkCors(cors: CorsOptions | undefined): void {
  if (cors === undefined) return;
  if (typeof cors !== "object" || cors === null) {
    throw wrongOption("cors", 'an object, such as { origins: "*" }', cors);
  }
  if (checked.has(cors)) return;
  checkNames("cors", cors, OPTIONS, { maxAge: "preflightMaxAge, in milliseconds" });
  const { origins, credentials, headers = [], preflightMaxAge } = cors;
  if (Array.isArray(origins)) origins.forEach(checkOrigin);
  else if (origins !== "*" && typeof origins !== "function") {
    throw wrongOption("cors.origins", 'a list of origins, a function, or "*"', origins);
  }
  booleanOption("cors.credentials", credentials);
  if (credentials === true && origins === "*") {
    throw new TypeError(
      'Option "cors.origins" must not be "*" where "cors.credentials" is true: browsers refuse that pair, since any ' +
        "page could read as the user. List the origins that may, or leave credentials out",
    );
  }
  if (!Array.isArray(headers)) throw wrongOption("cors.headers", "a list of header names", headers);
  for (const name of headers) {
    if (typeof name !== "string" || !/^[!#$%&'*+.^_`|~0-9a-z-]+$/i.test(name)) {
      throw wrongOption("cors.headers", "a list of header names", name);
    }
  }
  if (preflightMaxAge !== undefined) durationOption("cors.preflightMaxAge", preflightMaxAge, { least: 0 });
  checked.add(cors);
}

/** @throws {TypeError} If no browser ever sends this as its `Origin`, with what to write instead. */
function checkOrigin(origin: unknown): void {
  const instead = typeof origin === "string" ? remedy(origin) : "a string";
  if (instead === origin) return;
  const rule = "origins as browsers send them, scheme://host[:port] with no path";
  throw new TypeError(`${wrongOption("cors.origins", rule, origin).message}: write ${instead}`);
}

/** The origin itself if it is right, or else what to write in its place. */
function remedy(origin: string): string {
  if (origin === "*") return 'origins: "*", without a list';
  if (origin.includes("*")) return "a function, which can compare parts of an origin";
  if (origin === "null") {
    return "a function, if pages without an origin (files, sandboxed frames) must be let in";
  }
  try {
    const url = new URL(origin);
    // Only the web's own schemes have an `origin`; an app's or an extension's scheme is told by its parts.
    const right = url.origin === "null" ? `${url.protocol}//${url.host}` : url.origin;
    if (url.host !== "") return right === origin ? origin : show(right);
  } catch { /* no URL at all */ }
  return 'one such as "https://example.com"';
}

/** Adds to the headers of an answer what lets the request's page read it, if it may. */
export function allowOrigin(headers: Headers, request: Request, cors: CorsOptions | undefined): void {
  if (cors === undefined) return;
  const { origins, credentials = false } = cors;
  const origin = request.headers.get("origin");
  // Whatever is answered here depends on who asks, and no cache may hand it to somebody else.
  if (origins !== "*") append(headers, "vary", "Origin");
  if (origins !== "*" && (origin === null || !isAllowed(origin, origins))) return;
  headers.set("access-control-allow-origin", origins === "*" ? "*" : origin!);
  if (credentials) headers.set("access-control-allow-credentials", "true");
  // Without it the page's client could not read when to come back after a 503 or 429.
  append(headers, "access-control-expose-headers", "Retry-After");
}

/**
 * The answer to a preflight: whether the request that a browser is about to make may be made.
 *
 * @param methods Those that may be used.
 */
export function preflight(request: Request, cors: CorsOptions, methods = "GET, HEAD, POST"): Response {
  const headers = new Headers();
  allowOrigin(headers, request, cors);
  headers.delete("access-control-expose-headers"); // which is for the answer itself
  if (headers.has("access-control-allow-origin")) {
    headers.set("access-control-allow-methods", methods);
    headers.set("access-control-allow-headers", [...REQUEST_HEADERS, ...cors.headers ?? []].join(", "));
    headers.set("access-control-max-age", String(Math.floor((cors.preflightMaxAge ?? 7_200_000) / 1000)));
  }
  return new Response(null, { status: 204, headers });
}

function isAllowed(origin: string, origins: readonly string[] | ((origin: string) => boolean)): boolean {
  if (typeof origins !== "function") return origins.includes(origin);
  try {
    return origins(origin) === true;
  } catch (error) {
    report("cors.origins threw", error);
    return false;
  }
}
