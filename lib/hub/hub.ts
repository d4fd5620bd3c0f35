/**
 * Answers the requests of publishers and subscribers, by Mercure's protocol and by a JSON route, over one Broadcaster.
 *
 * @module
 */

import { callHook, TidingsError } from "../base/errors.ts";
import { pathOf } from "../base/path.ts";
import type { Broadcaster } from "../broadcaster/broadcaster.ts";
import { checkDrainOptions, type DrainOptions } from "../broadcaster/drain.ts";
import { allowOrigin, preflight } from "../wire/cors.ts";
import { append } from "../wire/header_list.ts";
import { json, JSON_TYPE } from "./answers.ts";
import { Figures, type HubStats } from "./figures.ts";
import { DETAIL_TYPE } from "./grants.ts";
import { MATCH_TYPES, Matchers } from "./matching/matcher.ts";
import type { HubOptions, TokenIssuer } from "./options.ts";
import { Publishing } from "./publishing.ts";
import { notGranted, Refusal } from "./refusal.ts";
import { checkHubOptions, checkIssuers, type HubSettings } from "./settings.ts";
import { Subscribing } from "./subscribing.ts";
import { Subscriptions } from "./presence/subscriptions.ts";
import { granted, Tokens, TRUSTED } from "./tokens.ts";
import { TopicReader } from "./topic.ts";
import { type HubUpdate, updateOfJson } from "./update.ts";

// What the hub's own address takes; its other addresses take less.
const METHODS = "GET, HEAD, POST, QUERY";
const JSON_LD_TYPE = "application/ld+json";

/** A hub: programs in any language publish to it over HTTP, and clients read. */
export interface Hub {
  /** Where its events go: publish to it, ask its figures. */
  readonly broadcaster: Broadcaster;
  /** Answers a request. One that is not the hub's gets 404. Never rejects. */
  fetch(request: Request): Promise<Response>;
  /**
   * Publishes an update of the program itself, for which it needs no token. Private ones too, which `broadcaster.publish()`
   * cannot.
   *
   * @returns The id that subscribers are told.
   * @throws {TidingsError} It rejects with code `"invalid-event"` if nobody may publish such an update, and as
   * {@linkcode Broadcaster.publish} does.
   */
  publish(update: HubUpdate): Promise<string>;
  /**
   * Answers with a stream of what the request's query asks for, private updates too, as if its token granted all: for people
   * whom the program itself knows and trusts. Its path is not looked at. Never rejects.
   */
  subscribe(request: Request): Promise<Response>;
  /** Figures since the hub was made. */
  stats(): HubStats;
  /**
   * Exchanges whose tokens are accepted, at once and for all requests to come: give all of them. An issuer that is given as
   * it was goes on, and keeps its fetched keys. The tokens of any other are refused from now on, unless they fit what it has
   * now, and the streams that began with them end; their clients come back, and need a new token.
   *
   * @returns How many streams ended.
   * @throws {TypeError} If an issuer is of no use, as {@linkcode createHub} does; then nothing has changed.
   */
  setIssuers(issuers: readonly TokenIssuer[]): number;
  /** Ends the broadcaster that the hub made, as {@linkcode Broadcaster.close} does; one that was given stays. */
  close(options?: DrainOptions): Promise<void>;
}

/**
 * Makes a hub: a fetch handler to which programs in any language post updates, and from which browsers read them, by
 * Mercure's protocol. Whether somebody may is said by the access token that they bring (RFC 9068).
 *
 * It answers at the path of its `url`: `POST` publishes an update, `GET` is a stream of those that match, and `QUERY` is the
 * same with the matchers in a form, where they are too long for an address. Updates that are marked `private` reach only
 * whom a token lets read them, live and when they are replayed. `POST /publish` takes updates as JSON, one event or a list.
 *
 * It needs the package `jose`, and on Node 23 and older `urlpattern-polyfill`; on Node 18 also a global `crypto`, that of
 * `node:crypto`.
 *
 * @param options See {@linkcode HubOptions}.
 * @throws {TypeError} If an option is of no use, naming it and, unless it is a secret, the value received.
 *
 * @example
 * ```ts
 * import { createHub } from "tidings/hub";
 *
 * const hub = createHub({
 *   url: "https://hub.example.com/.well-known/mercure",
 *   auth: {
 *     issuers: [{
 *       issuer: "https://app.example.com",
 *       algorithms: ["HS256"],
 *       secret: "a secret of at least 32 bytes, as the app has it",
 *     }],
 *     anonymous: true,
 *   },
 * });
 *
 * // In the server: serve(hub.fetch)
 * const request = new Request("http://localhost/.well-known/mercure?match=https://example.com/books/1");
 * const response = await hub.fetch(request);
 * if (response.status !== 200) throw new Error(await response.text());
 *
 * // Without a token nobody publishes.
 * const body = new URLSearchParams({ topic: "https://example.com/books/1", data: "sold" });
 * const refused = await hub.fetch(new Request("http://localhost/.well-known/mercure", { method: "POST", body }));
 * if (refused.status !== 401) throw new Error(await refused.text());
 * await hub.close();
 * ```
 */
export function createHub(options: HubOptions): Hub {
  const server = new HubServer(checkHubOptions(options));
  return {
    broadcaster: server.broadcaster,
    fetch: (request) => server.fetch(request),
    publish: (update) => server.publish(update),
    subscribe: (request) => server.subscribe(request),
    stats: () => server.figures.stats(),
    setIssuers: (issuers) => server.setIssuers(issuers),
    close: (drain) => server.close(drain),
  };
}

class HubServer {
  readonly broadcaster: Broadcaster;
  readonly figures: Figures = new Figures();
  readonly #settings: HubSettings;
  readonly #path: string;
  readonly #metadataPath: string;
  readonly #tokens: Tokens;
  readonly #publishing: Publishing;
  readonly #subscribing: Subscribing;
  readonly #subscriptions: Subscriptions | undefined;

  constructor(settings: HubSettings) {
    const { url, limits, clock, broadcaster } = settings;
    this.#settings = settings;
    this.broadcaster = broadcaster;
    this.#path = url.pathname;
    this.#metadataPath = `/.well-known/oauth-protected-resource${url.pathname}`;
    const topics = new TopicReader(url);
    const matchers = new Matchers(topics, limits.matcherLength);
    const tokens = this.#tokens = new Tokens(settings, matchers);
    tokens.prepare().catch(settings.onError);
    const subscriptions = this.#subscriptions = settings.subscriptions
      ? new Subscriptions(url.pathname, broadcaster, clock)
      : undefined;
    const parts = { tokens, topics, matchers, subscriptions, figures: this.figures };
    this.#publishing = new Publishing(settings, {
      ...parts,
      refuse: (error, request) => this.#refuse(error, request),
    });
    this.#subscribing = new Subscribing(settings, parts);
  }

  async close(options: DrainOptions = {}): Promise<void> {
    checkDrainOptions(options);
    this.#subscriptions?.close(this.#settings.isOwn);
    if (this.#settings.isOwn) await this.broadcaster.close(options);
  }

  setIssuers(issuers: readonly TokenIssuer[]): number {
    checkIssuers(issuers);
    const gone = this.#tokens.setIssuers(issuers);
    return gone.reduce((sum, issuer) => sum + this.#subscribing.end(issuer), 0);
  }

  async publish(update: HubUpdate): Promise<string> {
    try {
      return await this.#publishing.publish(updateOfJson(update), TRUSTED);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new TidingsError("invalid-event", error.message);
    }
  }

  async subscribe(request: Request): Promise<Response> {
    try {
      return await this.#subscribing.subscribe(request, TRUSTED);
    } catch (error) {
      return this.#refuse(error, request);
    }
  }

  async fetch(request: Request): Promise<Response> {
    const { cors } = this.#settings;
    if (cors !== undefined && request.method === "OPTIONS") return preflight(request, cors, METHODS);
    let response: Response;
    try {
      response = await this.#route(request);
    } catch (error) {
      response = this.#refuse(error, request);
    }
    // A stream has these headers already.
    if (cors !== undefined && !response.headers.has("access-control-allow-origin")) {
      allowOrigin(response.headers, request, cors);
      for (const name of this.#subscribing.exposed) {
        append(response.headers, "access-control-expose-headers", name);
      }
    }
    return response;
  }

  #refuse(error: unknown, request: Request): Response {
    const refusal = this.#refusalOf(error);
    const { status, reason, message: detail, why } = refusal;
    this.figures.refused(reason);
    callHook("onRefused", () => this.#settings.onRefused({ status, reason, detail, why }, request));
    return refusal.answer(new URL(this.#metadataPath, this.#settings.url).href);
  }

  #refusalOf(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    const code = error instanceof TidingsError ? error.code : undefined;
    if (code === "invalid-event") return new Refusal(400, (error as Error).message);
    if (code === "publish-failed" || code === "closed") {
      const headers = { "retry-after": "5" };
      return new Refusal(503, "Nothing can be published now: try again", { headers });
    }
    this.#settings.onError(error);
    return new Refusal(500, "Something went wrong here, and its operator was told");
  }

  #route(request: Request): Promise<Response> | Response {
    const pathname = pathOf(request);
    const { publishPath } = this.#settings;
    const { method } = request;
    const isRead = method === "GET" || method === "HEAD";
    if (pathname === this.#path) {
      if (method === "POST") return this.#publishing.form(request);
      return isRead || method === "QUERY" ? this.#subscribing.subscribe(request) : wrongMethod(METHODS);
    }
    if (pathname === publishPath) {
      return method === "POST" ? this.#publishing.json(request) : wrongMethod("POST");
    }
    if (pathname === this.#metadataPath) return isRead ? this.#metadata() : wrongMethod("GET, HEAD");
    if (this.#subscriptions !== undefined && `${pathname}/`.startsWith(`${this.#path}/subscriptions/`)) {
      return isRead ? this.#list(this.#subscriptions, request, pathname) : wrongMethod("GET, HEAD");
    }
    throw new Refusal(404, "There is nothing here");
  }

  #metadata(): Response {
    const { audience, auth, subscriptions } = this.#settings;
    return json({
      resource: audience,
      authorization_details_types_supported: [DETAIL_TYPE],
      bearer_methods_supported: auth.query === false ? ["header"] : ["header", "query"],
      mercure_matcher_types_supported: MATCH_TYPES,
      ...(auth.cookie === false ? {} : { mercure_cookie: auth.cookie }),
      ...(subscriptions ? { mercure_subscriptions: true } : {}),
    });
  }

  async #list(subscriptions: Subscriptions, request: Request, path: string): Promise<Response> {
    const reader = await this.#tokens.require(request);
    if (!granted(reader, "subscribe").some((matcher) => matcher.matches(path))) {
      throw notGranted("subscribe on this address");
    }
    const { lastId } = subscriptions;
    const document = subscriptions.document(path, reader.isLegacy);
    if (document === undefined) throw new Refusal(404, "There is no such subscription");
    const link = `<${this.#settings.url.href}>; rel="mercure"; last-event-id="${lastId}"; type="mercure"; ` +
      `content-type="${JSON_TYPE}"`;
    const type = reader.isLegacy ? JSON_LD_TYPE : JSON_TYPE;
    return json(document, { link, "cache-control": "no-cache", "content-type": type });
  }
}

function wrongMethod(allowed: string): never {
  throw new Refusal(405, `This takes ${allowed}`, { headers: { allow: allowed } });
}
