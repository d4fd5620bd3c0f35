/**
 * Checks the options of a hub, and fills in the defaults.
 *
 * @module
 */

import type { Clock } from "../base/clock.ts";
import { report, show } from "../base/errors.ts";
import {
  booleanOption,
  checkNames,
  clockOption,
  durationOption,
  functionOption,
  namesOf,
  numberOption,
  wrongOption,
} from "../base/options.ts";
import { Broadcaster } from "../broadcaster/broadcaster.ts";
import { checkCors, type CorsOptions } from "../wire/cors.ts";
import { MERCURE_0 } from "./legacy.ts";
import { MATCH_TYPES } from "./matching/matcher.ts";
import type {
  HubAuthOptions,
  HubLimits,
  HubOptions,
  IssuerTopic,
  PublishedInfo,
  RefusedInfo,
  TokenIssuer,
} from "./options.ts";

/** A hub's options, checked. */
export interface HubSettings {
  readonly url: URL;
  readonly audience: string;
  readonly auth: {
    readonly issuers: readonly TokenIssuer[];
    readonly anonymous: boolean;
    readonly clockTolerance: number;
    readonly cookie: string | false;
    readonly query: string | false;
  };
  readonly broadcaster: Broadcaster;
  /** Whether the broadcaster is the hub's own, and ends with it. */
  readonly isOwn: boolean;
  readonly cors: CorsOptions | undefined;
  readonly publishPath: string | false;
  readonly subscriptions: boolean;
  /** Whether clients of the older protocol are taken. */
  readonly isLegacy: boolean;
  readonly limits: { readonly [Name in keyof HubLimits]-?: number };
  readonly address: (request: Request) => string | undefined;
  readonly onError: (error: unknown) => void;
  readonly onRefused: (info: RefusedInfo, request: Request) => void;
  readonly onPublished: (info: PublishedInfo) => void;
  readonly clock: Clock;
}

/** The cookie that the protocol recommends. */
const COOKIE = "__Secure-mercure_access_token";

const HUB_OPTIONS = namesOf<HubOptions>({
  url: true,
  auth: true,
  broadcaster: true,
  backplane: true,
  cors: true,
  publishPath: true,
  subscriptions: true,
  compatibility: true,
  limits: true,
  address: true,
  onError: true,
  onRefused: true,
  onClose: true,
  onPublished: true,
  clock: true,
});

const AUTH_OPTIONS = namesOf<HubAuthOptions>({
  issuers: true,
  audience: true,
  anonymous: true,
  clockTolerance: true,
  cookie: true,
  query: true,
});

const ISSUER_OPTIONS = namesOf<TokenIssuer>({
  issuer: true,
  algorithms: true,
  secret: true,
  publicKey: true,
  jwks: true,
  actions: true,
  topics: true,
});

const TOPIC_OPTIONS = namesOf<IssuerTopic>({ match: true, match_type: true });

export const DEFAULT_LIMITS: HubSettings["limits"] = {
  bodyBytes: 1 << 20,
  bodyTimeout: 10_000,
  topics: 20,
  topicLength: 2_048,
  matchers: 100,
  matcherLength: 2_048,
  tokenLength: 8_192,
  batch: 1_000,
  publishRate: Infinity,
  streams: Infinity,
  streamLifetime: 3_600_000,
  streamsPerToken: Infinity,
  streamsPerAddress: Infinity,
  streamsPerMatcher: Infinity,
  patternsPerPrefix: 1_000,
};

const SYMMETRIC = ["HS256", "HS384", "HS512"];
const ASYMMETRIC = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
const ACTIONS = ["publish", "subscribe"];

// What a signature with SHA-256 needs: RFC 7518, section 3.2.
const SHORTEST_SECRET = 32;

/**
 * Checks a hub's options, and fills in the defaults.
 *
 * @throws {TypeError} Naming the option and, unless it is a secret, the value received.
 */
export function checkHubOptions(options: HubOptions): HubSettings {
  checkNames("createHub", options, HUB_OPTIONS);
  const { broadcaster, backplane, cors, publishPath = "/publish", subscriptions = false } = options;
  const { address = () => undefined, onError = (error) => report("the hub", error) } = options;
  const { compatibility } = options;
  if (compatibility !== undefined && compatibility !== MERCURE_0) {
    throw wrongOption("compatibility", `"${MERCURE_0}"`, compatibility);
  }
  const { onRefused = () => {}, onPublished = () => {} } = options;
  const url = toUrl("url", options.url);
  // All topics that are addresses would lie below it, where only the hub may publish.
  if (url.pathname.endsWith("/")) {
    throw wrongOption("url", "an address with a path that does not end in a slash", url.href);
  }
  if (!isObject(options.auth)) {
    throw wrongOption("auth", "an object with the issuers whose tokens are accepted", options.auth);
  }
  checkNames("auth", options.auth, AUTH_OPTIONS, { secret: "issuers", jwks: "issuers" });
  const {
    issuers,
    audience = url.href,
    anonymous = false,
    clockTolerance = 0,
    cookie = COOKIE,
    query = false,
  } = options.auth;
  checkIssuers(issuers);
  if (typeof audience !== "string" || audience === "") {
    throw wrongOption("auth.audience", "a string that is not empty", audience);
  }
  booleanOption("auth.anonymous", anonymous);
  durationOption("auth.clockTolerance", clockTolerance, { least: 0 });
  for (const [name, value] of Object.entries({ "auth.cookie": cookie, "auth.query": query })) {
    if (value !== false && !/^[\w!#$%&'*+.^`|~-]+$/.test(String(value))) {
      throw wrongOption(name, "a name, or false", value);
    }
  }
  if (broadcaster !== undefined && typeof broadcaster?.subscribe !== "function") {
    throw wrongOption("broadcaster", "a Broadcaster", broadcaster);
  }
  if (broadcaster !== undefined && backplane !== undefined) {
    throw new TypeError(
      'Options "broadcaster" and "backplane" exclude each other: give the backplane to the broadcaster',
    );
  }
  checkCors(cors);
  if (publishPath !== false && !(typeof publishPath === "string" && publishPath.startsWith("/"))) {
    throw wrongOption("publishPath", "a path that begins with a slash, or false", publishPath);
  }
  booleanOption("subscriptions", subscriptions);
  functionOption("address", options.address);
  functionOption("onError", options.onError);
  functionOption("onClose", options.onClose);
  checkOptionsOfBroadcaster(options);
  functionOption("onRefused", options.onRefused);
  functionOption("onPublished", options.onPublished);
  const [limits, clock] = [checkLimits(options.limits ?? {}), clockOption(options.clock)];
  return {
    url,
    audience,
    auth: { issuers, anonymous, clockTolerance, cookie, query },
    broadcaster: broadcaster ?? new Broadcaster({
      backplane,
      clock: options.clock,
      limits: { clients: limits.streams, lifetime: limits.streamLifetime },
      onError: options.onError,
      onClose: options.onClose,
    }),
    isOwn: broadcaster === undefined,
    cors,
    publishPath,
    subscriptions,
    isLegacy: compatibility === MERCURE_0,
    limits,
    address,
    onError,
    onRefused,
    onPublished,
    clock,
  };
}

/** What is for the hub's own broadcaster another one has already. */
function checkOptionsOfBroadcaster({ broadcaster, limits, onClose }: HubOptions): void {
  if (broadcaster === undefined) return;
  for (
    const [name, value, instead] of [
      ["limits.streams", limits?.streams, "limits: { clients }"],
      ["limits.streamLifetime", limits?.streamLifetime, "limits: { lifetime }"],
      ["onClose", onClose, "onClose"],
    ]
  ) {
    if (value === undefined) continue;
    throw new TypeError(
      `Options "${name}" and "broadcaster" exclude each other: give the broadcaster its own, ${instead}`,
    );
  }
}

function checkLimits(limits: HubLimits): HubSettings["limits"] {
  checkNames("limits", limits, Object.keys(DEFAULT_LIMITS));
  const checked: Record<string, number> = { ...DEFAULT_LIMITS };
  for (const name of Object.keys(DEFAULT_LIMITS) as (keyof HubLimits)[]) {
    const value = limits[name];
    if (value === undefined) continue;
    if (name === "bodyTimeout") durationOption(`limits.${name}`, value, { least: 1 });
    else numberOption(`limits.${name}`, value, { least: 1, unit: "at once", endless: true });
    checked[name] = value;
  }
  return checked as unknown as HubSettings["limits"];
}

/**
 * Checks whose tokens are accepted.
 *
 * @throws {TypeError} Naming what is wrong and, unless it is a secret, the value received.
 */
export function checkIssuers(issuers: readonly TokenIssuer[]): void {
  if (!Array.isArray(issuers) || issuers.length === 0) {
    throw wrongOption("auth.issuers", "a list of at least one issuer", issuers);
  }
  issuers.forEach(checkIssuer);
  const twice = issuers.find((one, i) => issuers.slice(0, i).some((other) => haveSameKey(one, other)));
  if (twice !== undefined) {
    throw wrongOption("auth.issuers", "a list that names each key of an issuer once", twice.issuer);
  }
}

function checkIssuer(issuer: TokenIssuer, i: number): void {
  const at = `auth.issuers[${i}]`;
  // What it is instead may be a secret.
  if (!isObject(issuer)) {
    throw new TypeError(`Option "${at}" must be an object with issuer, algorithms and a key`);
  }
  checkNames(at, issuer, ISSUER_OPTIONS, { key: "publicKey, or secret" });
  const { issuer: name, algorithms, secret, publicKey, jwks, actions = [], topics } = issuer;
  if (typeof name !== "string" || name === "") {
    throw wrongOption(`${at}.issuer`, "a string that is not empty", name);
  }
  if ([secret, publicKey, jwks].filter((key) => key !== undefined).length !== 1) {
    throw new TypeError(`Option "${at}" must have one of secret, publicKey and jwks`);
  }
  // A public key that is taken for a secret would let everybody sign: no key is ever used with both kinds.
  const kind = secret === undefined ? ASYMMETRIC : SYMMETRIC;
  if (
    !Array.isArray(algorithms) || algorithms.length === 0 || !algorithms.every((each) => kind.includes(each))
  ) {
    throw wrongOption(`${at}.algorithms`, `a list of ${kind.join(", ")}`, shown(algorithms));
  }
  if (secret !== undefined) checkSecret(`${at}.secret`, secret);
  if (publicKey !== undefined && typeof publicKey !== "string" && !isObject(publicKey)) {
    throw wrongOption(`${at}.publicKey`, "a public key in PEM, or a JSON Web Key", publicKey);
  }
  if (typeof publicKey === "string" && !publicKey.trimStart().startsWith("-----BEGIN PUBLIC KEY-----")) {
    throw new TypeError(
      `Option "${at}.publicKey" must begin with -----BEGIN PUBLIC KEY----- where it is text`,
    );
  }
  if (typeof publicKey === "object" && publicKey["kty"] === "oct") {
    throw new TypeError(
      `Option "${at}.publicKey" must be a public key, and is a secret: give it as "secret"`,
    );
  }
  if (jwks !== undefined) toUrl(`${at}.jwks`, jwks);
  if (!Array.isArray(actions) || !actions.every((action) => ACTIONS.includes(action))) {
    throw wrongOption(`${at}.actions`, `a list of ${ACTIONS.join(", ")}`, shown(actions));
  }
  if (topics === undefined) return;
  if (!Array.isArray(topics) || topics.length === 0) {
    throw wrongOption(`${at}.topics`, 'a list of { match, match_type }, such as { match: "orders" }', topics);
  }
  topics.forEach((topic, i) => {
    const { match, match_type: type = "exact" } = isObject(topic)
      ? topic as IssuerTopic
      : { match: undefined };
    if (typeof match !== "string" || match === "" || !MATCH_TYPES.includes(type)) {
      throw wrongOption(
        `${at}.topics[${i}]`,
        '{ match, match_type }, the latter "exact" or "urlpattern"',
        topic,
      );
    }
    checkNames(`${at}.topics[${i}]`, topic, TOPIC_OPTIONS);
  });
}

function haveSameKey(one: TokenIssuer, other: TokenIssuer): boolean {
  const [key, otherKey] = [one, other].map(({ secret, publicKey, jwks }) =>
    JSON.stringify([secret && [...bytesOf(secret)], publicKey, jwks && String(jwks)])
  );
  return one.issuer === other.issuer && key === otherKey;
}

function bytesOf(secret: string | Uint8Array): Uint8Array {
  return typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
}

/** The value is never shown. */
function checkSecret(name: string, secret: unknown): void {
  const bytes: unknown = bytesOf(secret as string | Uint8Array);
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`Option "${name}" must be text or a Uint8Array`);
  if (bytes.byteLength >= SHORTEST_SECRET) return;
  throw new TypeError(
    `Option "${name}" must have at least ${SHORTEST_SECRET} bytes, and has ${bytes.byteLength}: \`openssl rand -hex 32\` ` +
      "makes one",
  );
}

function toUrl(name: string, value: unknown): URL {
  try {
    const url = new URL(value as string);
    if ((url.protocol === "https:" || url.protocol === "http:") && url.search + url.hash === "") return url;
  } catch { /* refused below */ }
  throw wrongOption(
    name,
    "an http or https address without a query",
    value instanceof URL ? value.href : value,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function shown(list: unknown): unknown {
  return Array.isArray(list)
    ? list.map((each) => typeof each === "string" ? each : show(each)).join(", ")
    : list;
}
