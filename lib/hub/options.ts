/**
 * Defines what a hub takes: its options, and their limits.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import type { Broadcaster } from "../broadcaster/broadcaster.ts";
import type { BroadcasterOptions } from "../broadcaster/options.ts";
import type { Backplane } from "../cluster/backplane.ts";
import type { CorsOptions } from "../wire/cors.ts";
import type { RefusalReason } from "./refusal.ts";

/** A signature algorithm of tokens, by its name in JSON Web Algorithms. */
export type TokenAlgorithm =
  | "HS256"
  | "HS384"
  | "HS512"
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519";

/** Who may sign tokens, and with what: one of `secret`, `publicKey` and `jwks`. */
export interface TokenIssuer {
  /** The `iss` of its tokens. */
  issuer: string;
  /**
   * The algorithms that its tokens may be signed with, and no others: `HS…` with a `secret`, the rest with a key.
   */
  algorithms: readonly TokenAlgorithm[];
  /** A secret that both sides know, as text, or as bytes: at least 32 of them. */
  secret?: string | Uint8Array | undefined;
  /** Its public key: SPKI in PEM (`-----BEGIN PUBLIC KEY-----`), or a JSON Web Key. */
  publicKey?: string | Readonly<Record<string, unknown>> | undefined;
  /**
   * Where its public keys are published, as a JSON Web Key Set. It is fetched when the first token comes, every 10 minutes,
   * and when a token names a key that is not in it, at most every 30 seconds: so keys can be changed at any time.
   */
  jwks?: string | URL | undefined;
  /** What its tokens may grant, whatever they say. Default: both. */
  actions?: readonly ("publish" | "subscribe")[] | undefined;
  /** The topics on which its tokens may grant anything, whatever they say. Default: every topic. */
  topics?: readonly IssuerTopic[] | undefined;
}

/** A topic, or a pattern of topics, as tokens write it. */
export interface IssuerTopic {
  /** A topic, a URL pattern, or `"*"` for every topic. */
  match: string;
  /** Which of these `match` is. Default: `"exact"`, a topic. */
  match_type?: "exact" | "urlpattern" | undefined;
}

/** How a hub knows who may do what. */
export interface HubAuthOptions {
  /**
   * Whose tokens are accepted. At least one; an issuer that changes its key is there twice meanwhile, with the old key and the
   * new one. They can be exchanged while the hub runs: {@linkcode Hub.setIssuers}.
   */
  issuers: readonly TokenIssuer[];
  /** What `aud` of a token must hold. Default: the hub's `url`. */
  audience?: string | undefined;
  /** Whether public updates can be read without a token. Default: `false`. */
  anonymous?: boolean | undefined;
  /** Milliseconds that the clocks of issuer and hub may differ. Default: 0. */
  clockTolerance?: number | undefined;
  /**
   * The cookie that may hold the token, since an `EventSource` sends no header of ours; `false` for none. Default:
   * `"__Secure-mercure_access_token"`, the name that the protocol recommends.
   */
  cookie?: string | false | undefined;
  /**
   * The query parameter that may hold the token. It ends up in the logs of proxies, and in browsers' histories: for clients
   * that can do nothing else. Default: `false`, none.
   */
  query?: string | false | undefined;
}

/** What a hub lets strangers and users do at most. `Infinity` for no limit. */
export interface HubLimits {
  /** Bytes of the body of a request that publishes. Default: 1,048,576. */
  bodyBytes?: number | undefined;
  /** Milliseconds in which it must have come. Default: 10,000. */
  bodyTimeout?: number | undefined;
  /** Topics of an update. Default: 20. */
  topics?: number | undefined;
  /** Characters of a topic. Default: 2,048. */
  topicLength?: number | undefined;
  /** Matchers of a subscription, and of all that a token grants. Default: 100. */
  matchers?: number | undefined;
  /** Characters of a matcher. Default: 2,048. */
  matcherLength?: number | undefined;
  /** Characters of a token. Default: 8,192. */
  tokenLength?: number | undefined;
  /** Events of one request to `POST /publish`. Default: 1,000. */
  batch?: number | undefined;
  /** Updates a second by one publisher: its issuer and its subject. A burst of a second's worth passes. Default: `Infinity`. */
  publishRate?: number | undefined;
  /** Streams at once. One more is told to come back. Default: `Infinity`. */
  streams?: number | undefined;
  /**
   * Milliseconds after which a stream ends, a tenth of it sooner at random, so that its client comes back and its token is
   * checked anew. Default: 3,600,000, an hour.
   */
  streamLifetime?: number | undefined;
  /** Streams at once by one subscriber: its issuer and its subject. Default: `Infinity`. */
  streamsPerToken?: number | undefined;
  /** Streams at once from one address, which the option `address` tells. Default: `Infinity`. */
  streamsPerAddress?: number | undefined;
  /** Streams at once with the same matcher. Default: `Infinity`. */
  streamsPerMatcher?: number | undefined;
  /**
   * Different patterns at once that begin with the same fixed text, up to their first name, wildcard or group: a new topic
   * that begins so is compared with each of them, once, which takes 2 to 500 microseconds. Default: 1,000.
   */
  patternsPerPrefix?: number | undefined;
}

/** A request, or one event of a list, that was refused. */
export interface RefusedInfo {
  /** The HTTP status. */
  readonly status: number;
  /** Why, as a value to count by. */
  readonly reason: RefusalReason;
  /** Why, in the words that the client gets. */
  readonly detail: string;
  /** What is wrong with the token, which the client is not told. Nothing of the token is in it. */
  readonly why: string | undefined;
}

/** An update that was published. */
export interface PublishedInfo {
  /** The canonical topic, then the alternate ones. */
  readonly topics: readonly string[];
  /** Whether only those saw it whose token lets them. */
  readonly isPrivate: boolean;
  /** Milliseconds from the accepted request until the engine had it; without one, until it was in memory. */
  readonly milliseconds: number;
}

/** Options of {@linkcode createHub}. */
export interface HubOptions {
  /**
   * The hub's public address, as tokens and clients name it: `https://hub.example.com/.well-known/mercure`. Its path is the
   * one that is served, whatever a proxy makes of the rest; relative topics and patterns are read against it.
   */
  url: string | URL;
  /** Who may publish and who may read what. */
  auth: HubAuthOptions;
  /**
   * The broadcaster whose clients the hub's subscribers are: give yours to publish from your own code too. An event with the
   * topic `x` is a public update of `x`; one without a topic reaches every subscriber. Default: one that the hub makes.
   */
  broadcaster?: Broadcaster | undefined;
  /** The engine of the broadcaster that the hub makes: `redisStreams()`, `sqliteLog()`, … Default: none. */
  backplane?: Backplane | undefined;
  /** Lets pages of other origins read streams, and publish. Default: only pages of the hub's own origin. */
  cors?: CorsOptions | undefined;
  /** The path of the JSON route; `false` for none. Default: `"/publish"`. */
  publishPath?: string | false | undefined;
  /**
   * Whether a subscription's beginning and end are published, and the active ones listed. With a backplane all hubs on it list
   * those of all; while there are several each publishes a short event of its own every 3 s, which no subscriber sees, and one
   * that dies is given up within some 10 s. Default: `false`.
   */
  subscriptions?: boolean | undefined;
  /**
   * Takes clients of the older Mercure protocol (0.x) beside those of the current one: `topic` with URI templates, plain JWTs
   * with the claim `mercure`, by the cookie `mercureAuthorization` and the query parameter `authorization` too. Those tokens
   * may have no `exp`, `aud` or `iss`, so one may be good for ever, and for any hub with the same key: only for as long as
   * there are such clients. Default: none.
   */
  compatibility?: "mercure-0" | undefined;
  /** See {@linkcode HubLimits}. */
  limits?: HubLimits | undefined;
  /** The address that a request came from, for `limits.streamsPerAddress`. Default: not known. */
  address?: ((request: Request) => string | undefined) | undefined;
  /**
   * Told what went wrong inside: keys that cannot be fetched, for example, or an engine that cannot be reached, if the
   * broadcaster is the hub's own. Default: printed. Tokens are never in it.
   */
  onError?: ((error: unknown) => void) | undefined;
  /**
   * Told of each request that is refused, and of each event of a list: for a log, or an alarm. The request holds the token,
   * in a header, a cookie or its address: write none of these down. Default: nobody is told.
   */
  onRefused?: ((info: RefusedInfo, request: Request) => void) | undefined;
  /**
   * Told of every stream that ended, with its request and why, as {@linkcode BroadcasterOptions.onClose}; if you give a
   * `broadcaster`, give it its own. Default: nobody is told.
   */
  onClose?: BroadcasterOptions["onClose"];
  /** Told of each update that somebody published through the hub, once it has its id. Default: nobody is told. */
  onPublished?: ((info: PublishedInfo) => void) | undefined;
  /** Time, for tests. Default: the runtime's own. */
  clock?: Clock | undefined;
}
