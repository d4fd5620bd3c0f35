/**
 * Lets subscribers in: who they are, what they ask for, whether there is room for them, and what ends their streams.
 *
 * @module
 */

import { EARLIEST } from "../log/cursor.ts";
import { AskedReader } from "./asked.ts";
import { Audiences } from "./audience.ts";
import { Endings } from "./endings.ts";
import type { Figures } from "./figures.ts";
import { LAST_EVENT_ID_HEADER } from "./legacy.ts";
import { type Counted, StreamLimits } from "./limits.ts";
import type { Matchers } from "./matching/matcher.ts";
import type { HubSettings } from "./settings.ts";
import { noToken } from "./refusal.ts";
import type { Subscriptions } from "./presence/subscriptions.ts";
import { granted, type Presented, type Principal, type Tokens, TRUSTED } from "./tokens.ts";
import type { TopicReader } from "./topic.ts";

/** The response header that says where a stream goes on. */
const LAST_EVENT_ID = "Mercure-Last-Event-ID";

/** What subscribing stands on. */
export interface SubscribingParts {
  readonly tokens: Tokens;
  readonly topics: TopicReader;
  readonly matchers: Matchers;
  readonly subscriptions: Subscriptions | undefined;
  readonly figures: Figures;
}

export class Subscribing {
  /** What pages of other origins may read of an answer. */
  readonly exposed: readonly string[];
  readonly #settings: HubSettings;
  readonly #parts: SubscribingParts;
  readonly #asked: AskedReader;
  readonly #audiences: Audiences;
  readonly #limits: StreamLimits;
  readonly #endings = new Endings();

  constructor(settings: HubSettings, parts: SubscribingParts) {
    this.exposed = [
      ...["Link", LAST_EVENT_ID, "WWW-Authenticate"],
      ...(settings.isLegacy ? [LAST_EVENT_ID_HEADER] : []),
    ];
    this.#settings = settings;
    this.#parts = parts;
    this.#asked = new AskedReader(parts.matchers, settings);
    this.#audiences = new Audiences(parts.topics);
    this.#limits = new StreamLimits(settings.limits);
  }

  /** @param trusted Whoever the program itself vouches for, in place of whoever the request's token names. */
  async subscribe(request: Request, trusted?: Principal): Promise<Response> {
    const { tokens } = this.#parts;
    const { broadcaster, cors, address } = this.#settings;
    const principal = trusted ?? await this.#subscriber(tokens.find(request));
    const { listens, lastEventId } = await this.#asked.read(request);
    if (principal !== undefined) tokens.confirm(principal);
    const owner = principal === TRUSTED ? undefined : principal?.name;
    const counted = { owner, address: address(request), listens };
    this.#limits.check(counted);
    const mayRead = principal === undefined ? [] : granted(principal, "subscribe");
    const controller = principal && new AbortController();
    let leave = () => {};
    const response = broadcaster.subscribe(request, {
      ...this.#audiences.of(listens, mayRead),
      cors,
      headers: cors === undefined ? {} : { "access-control-expose-headers": this.exposed.join(", ") },
      expires: principal?.expires,
      signal: controller?.signal,
      lastEventId,
      lastEventIdHeader: LAST_EVENT_ID,
      // A HEAD request, and one that was turned away, have no stream.
      onOpen: () => leave = this.#enter(counted, principal, controller),
      onClose: () => leave(),
    });
    this.#tellPlace(response.headers, lastEventId);
    return response;
  }

  /** Ends the streams that began with tokens of an issuer, and says how many they were. */
  end(issuer: object): number {
    return this.#endings.end(issuer);
  }

  /** Counts a stream that was let in, and tells of its subscriptions. Returns what undoes it. */
  #enter(
    counted: Counted,
    principal: Principal | undefined,
    controller: AbortController | undefined,
  ): () => void {
    const { figures, subscriptions } = this.#parts;
    const { listens } = counted;
    const discount = this.#limits.enter(counted);
    const release = controller && this.#endings.enter(principal!.issuer, controller);
    figures.opened(listens.length);
    const end = subscriptions?.enter(listens, principal);
    return () => {
      release?.();
      figures.closed(listens.length);
      discount();
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
    if (presented !== undefined) return this.#parts.tokens.check(presented);
    if (!this.#settings.auth.anonymous) throw noToken();
    return undefined;
  }
}
