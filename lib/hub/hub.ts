/**
 * Answers the requests of publishers and subscribers, by Mercure's protocol and by a JSON route, over one Broadcaster.
 *
 * @module
 */

import { callHook, TidingsError } from "../base/errors.ts";
import type { Broadcaster } from "../broadcaster/broadcaster.ts";
import { checkDrainOptions, type DrainOptions } from "../broadcaster/drain.ts";
import { EARLIEST } from "../log/cursor.ts";
import { allowOrigin, preflight } from "../wire/cors.ts";
import { append } from "../wire/header_list.ts";
import { AskedReader } from "./asked.ts";
import { Audiences } from "./audience.ts";
import { FORM, hasType, parseForm, readBody } from "./body.ts";
import { Endings } from "./endings.ts";
import { Figures, type HubStats } from "./figures.ts";
import { DETAIL_TYPE } from "./grants.ts";
import { LAST_EVENT_ID_HEADER } from "./legacy.ts";
import { PatternCount, PublishRate, StreamCount } from "./limits.ts";
import { MATCH_TYPES, type Matcher, Matchers } from "./matcher.ts";
import {
  checkHubOptions,
  checkIssuers,
  type HubOptions,
  type HubSettings,
  type TokenIssuer,
} from "./options.ts";
import { notGranted, noToken, Refusal } from "./refusal.ts";
import { Subscriptions } from "./subscriptions.ts";
import { granted, type Presented, type Principal, Tokens, TRUSTED } from "./tokens.ts";
import { TopicReader } from "./topic.ts";
import { checkUpdate, type HubUpdate, toEvent, type Update, updateOfForm, updateOfJson } from "./update.ts";

// What the hub's own address takes; its other addresses take less.
const METHODS = "GET, HEAD, POST, QUERY";
const JSON_TYPE = "application/json";
const JSON_LD_TYPE = "application/ld+json";
const LAST_EVENT_ID = "Mercure-Last-Event-ID";

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
  /** What pages of other origins may read of an answer. */
  readonly #exposed: readonly string[];
  readonly #topics: TopicReader;
  readonly #matchers: Matchers;
  readonly #asked: AskedReader;
  readonly #tokens: Tokens;
  readonly #audiences: Audiences;
  readonly #rate: PublishRate;
  readonly #perToken: StreamCount;
  readonly #perAddress: StreamCount;
  readonly #perMatcher: StreamCount;
  readonly #perPrefix: PatternCount;
  readonly #subscriptions: Subscriptions | undefined;
  readonly #endings = new Endings();

  constructor(settings: HubSettings) {
    const { url, limits, clock, broadcaster } = settings;
    this.#settings = settings;
    this.broadcaster = broadcaster;
    this.#path = url.pathname;
    this.#metadataPath = `/.well-known/oauth-protected-resource${url.pathname}`;
    this.#exposed = [
      ...["Link", LAST_EVENT_ID, "WWW-Authenticate"],
      ...(settings.isLegacy ? [LAST_EVENT_ID_HEADER] : []),
    ];
    this.#topics = new TopicReader(url);
    this.#matchers = new Matchers(this.#topics, limits.matcherLength);
    this.#asked = new AskedReader(this.#matchers, settings);
    this.#tokens = new Tokens(settings, this.#matchers);
    this.#tokens.prepare().catch(settings.onError);
    this.#audiences = new Audiences(this.#topics);
    this.#rate = new PublishRate(limits.publishRate, clock);
    this.#perToken = new StreamCount(limits.streamsPerToken, "subscriber");
    this.#perAddress = new StreamCount(limits.streamsPerAddress, "address");
    this.#perMatcher = new StreamCount(limits.streamsPerMatcher, "matcher");
    this.#perPrefix = new PatternCount(limits.patternsPerPrefix);
    this.#subscriptions = settings.subscriptions
      ? new Subscriptions(url.pathname, broadcaster, clock)
      : undefined;
  }

  async close(options: DrainOptions = {}): Promise<void> {
    checkDrainOptions(options);
    this.#subscriptions?.close(this.#settings.isOwn);
    if (this.#settings.isOwn) await this.broadcaster.close(options);
  }

  setIssuers(issuers: readonly TokenIssuer[]): number {
    checkIssuers(issuers);
    const gone = this.#tokens.setIssuers(issuers);
    return gone.reduce((sum, issuer) => sum + this.#endings.end(issuer), 0);
  }

  async publish(update: HubUpdate): Promise<string> {
    try {
      return await this.#publish(updateOfJson(update), TRUSTED);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new TidingsError("invalid-event", error.message);
    }
  }

  async subscribe(request: Request): Promise<Response> {
    try {
      return await this.#subscribe(request, TRUSTED);
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
      for (const name of this.#exposed) append(response.headers, "access-control-expose-headers", name);
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
    const { pathname } = new URL(request.url);
    const { publishPath } = this.#settings;
    const { method } = request;
    const isRead = method === "GET" || method === "HEAD";
    if (pathname === this.#path) {
      if (method === "POST") return this.#publishForm(request);
      return isRead || method === "QUERY" ? this.#subscribe(request) : wrongMethod(METHODS);
    }
    if (pathname === publishPath) return method === "POST" ? this.#publishJson(request) : wrongMethod("POST");
    if (pathname === this.#metadataPath) return isRead ? this.#metadata() : wrongMethod("GET, HEAD");
    if (this.#subscriptions !== undefined && `${pathname}/`.startsWith(`${this.#path}/subscriptions/`)) {
      return isRead ? this.#list(this.#subscriptions, request, pathname) : wrongMethod("GET, HEAD");
    }
    throw new Refusal(404, "There is nothing here");
  }

  // Publishing

  async #publishForm(request: Request): Promise<Response> {
    const publisher = await this.#publisher(request);
    if (!hasType(request, FORM)) throw new Refusal(415, `An update is posted as ${FORM}`);
    const id = await this.#publish(updateOfForm(parseForm(await this.#read(request))), publisher);
    return new Response(id, {
      headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    });
  }

  async #publishJson(request: Request): Promise<Response> {
    const { limits } = this.#settings;
    const publisher = await this.#publisher(request);
    if (!hasType(request, JSON_TYPE)) throw new Refusal(415, `Events are posted as ${JSON_TYPE}`);
    let body: unknown;
    try {
      body = JSON.parse(await this.#read(request));
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal(400, "The body is not JSON");
    }
    if (!Array.isArray(body)) return json({ id: await this.#publish(updateOfJson(body), publisher) });
    if (body.length > limits.batch) {
      throw new Refusal(413, `A list may have ${limits.batch} events, and this one has ${body.length}`);
    }
    // All at once, and in their order: each has a result of its own.
    const results = body.map(async (event) => {
      try {
        return { id: await this.#publish(updateOfJson(event), publisher) };
      } catch (error) {
        return { error: await this.#refuse(error, request).json() };
      }
    });
    return json(await Promise.all(results));
  }

  #read(request: Request): Promise<string> {
    return readBody(request, this.#settings.limits, this.#settings.clock);
  }

  /** Who publishes. A page of another origin must not do so by a cookie that the browser sends along. */
  async #publisher(request: Request): Promise<Principal> {
    const principal = await this.#tokens.require(request);
    if (principal.by === "cookie" && !this.#isTrusted(request)) {
      throw notGranted("this page's origin to publish by a cookie");
    }
    return principal;
  }

  #isTrusted(request: Request): boolean {
    const { url, cors } = this.#settings;
    if (request.headers.get("origin") === url.origin) return true;
    const headers = new Headers();
    allowOrigin(headers, request, cors);
    return headers.has("access-control-allow-credentials");
  }

  /** Publishes an update, and returns the id that subscribers are told. Throws, or publishes, before it returns. */
  #publish(update: Update, publisher: Principal): Promise<string> {
    this.#tokens.confirm(publisher);
    checkUpdate(update, this.#settings, this.#topics);
    const mayPublish = granted(publisher, "publish");
    if (!update.topics.every((topic) => mayPublish.some((matcher) => matcher.matches(topic)))) {
      throw notGranted("publish on every topic of the update");
    }
    if (publisher !== TRUSTED) this.#rate.take(publisher.name);
    const { clock, onPublished } = this.#settings;
    const { topics, isPrivate } = update;
    const since = clock.now();
    return this.broadcaster.publish(toEvent(update)).then((id) => {
      this.#subscriptions?.published(id);
      this.figures.published();
      const milliseconds = clock.now() - since;
      callHook("onPublished", () => onPublished({ topics, isPrivate, milliseconds }));
      return update.id ?? id;
    });
  }

  // Subscribing

  async #subscribe(request: Request, trusted?: Principal): Promise<Response> {
    const principal = trusted ?? await this.#subscriber(this.#tokens.find(request));
    const { listens, lastEventId } = await this.#asked.read(request);
    if (principal !== undefined) this.#tokens.confirm(principal);
    const address = this.#settings.address(request);
    this.#perToken.check(trusted === undefined ? principal?.name : undefined);
    this.#perAddress.check(address);
    for (const matcher of listens) {
      this.#perMatcher.check(nameOf(matcher));
      this.#perPrefix.check(matcher);
    }
    const audience = this.#audiences.of(
      listens,
      principal === undefined ? [] : granted(principal, "subscribe"),
    );
    let leave = () => {};
    const controller = principal && new AbortController();
    const response = this.broadcaster.subscribe(request, {
      ...audience,
      cors: this.#settings.cors,
      ...(this.#settings.cors === undefined
        ? {}
        : { headers: { "access-control-expose-headers": this.#exposed.join(", ") } }),
      expires: principal?.expires,
      signal: controller?.signal,
      lastEventId,
      lastEventIdHeader: LAST_EVENT_ID,
      // A HEAD request, and one that was turned away, have no stream.
      onOpen: () => leave = this.#enter(listens, principal, address, controller),
      onClose: () => leave(),
    });
    this.#tellPlace(response.headers, lastEventId);
    return response;
  }

  /** Counts a stream that was let in, and tells of its subscriptions. Returns what undoes it. */
  #enter(
    listens: readonly Matcher[],
    principal: Principal | undefined,
    address: string | undefined,
    controller: AbortController | undefined,
  ): () => void {
    const owner = principal === TRUSTED ? undefined : principal?.name;
    this.#perToken.enter(owner);
    this.#perAddress.enter(address);
    for (const matcher of listens) {
      this.#perMatcher.enter(nameOf(matcher));
      this.#perPrefix.enter(matcher);
    }
    const release = controller && this.#endings.enter(principal!.issuer, controller);
    this.figures.subscribed(listens.length);
    const end = this.#subscriptions?.enter(listens, principal);
    return () => {
      release?.();
      this.figures.subscribed(-listens.length);
      this.#perToken.leave(owner);
      this.#perAddress.leave(address);
      for (const matcher of listens) {
        this.#perMatcher.leave(nameOf(matcher));
        this.#perPrefix.leave(matcher);
      }
      end?.();
    };
  }

  /** Tells where a stream goes on, by the older header too, and that no event comes before where an id was sent that is none. */
  #tellPlace(headers: Headers, asked: string | undefined): void {
    if (asked === "") headers.set(LAST_EVENT_ID, EARLIEST);
    const place = headers.get(LAST_EVENT_ID);
    if (this.#settings.isLegacy && place !== null) headers.set(LAST_EVENT_ID_HEADER, place);
  }

  /** Who subscribes; `undefined` for somebody without a token, where that is allowed. */
  #subscriber(presented: Presented | undefined): Promise<Principal> | undefined {
    if (presented !== undefined) return this.#tokens.check(presented);
    if (!this.#settings.auth.anonymous) throw noToken();
    return undefined;
  }

  // What a hub says of itself

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

/** What streams with the same matcher are counted by. */
function nameOf({ type, text }: Matcher): string {
  return `${type} ${text}`;
}

function wrongMethod(allowed: string): never {
  throw new Refusal(405, `This takes ${allowed}`, { headers: { allow: allowed } });
}

function json(document: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(document), { headers: { "content-type": JSON_TYPE, ...headers } });
}
