/**
 * Checks access tokens, as JWT access tokens (RFC 9068): who signed one, for whom, until when, and what it grants.
 *
 * A token names its issuer, and from then on nothing in it is heeded that the options do not say: the key and the
 * algorithms are those of the issuer, and keys or addresses of keys in a token's header are never looked at.
 *
 * @module
 */

import { RecentMap } from "../base/recent.ts";
import { type Action, type Grant, GrantError, readGrants } from "./grants.ts";
import { isLegacyType, type LegacyClaim, readLegacyClaim, TOKEN_COOKIE, TOKEN_PARAMETER } from "./legacy.ts";
import { PatternError } from "./matching/linear.ts";
import { EVERY, type Matcher, type Matchers, within } from "./matching/matcher.ts";
import type { TokenIssuer } from "./options.ts";
import { badToken, noToken, Refusal } from "./refusal.ts";
import type { HubSettings } from "./settings.ts";

type Jose = typeof import("jose");
type JWTPayload = import("jose").JWTPayload;
type Keys = Parameters<Jose["jwtVerify"]>[1];

/** Who sent a request, as its token says. */
export interface Principal {
  /** Its issuer and its subject, as one text: for limits. */
  readonly name: string;
  /** When the token ends, by the clock; `Infinity` for one of the older protocol that does not. */
  readonly expires: number;
  readonly grants: readonly Grant[];
  /** What its token of the older protocol says of its subscriptions. */
  readonly payload?: unknown;
  /** Whether its token is of the older protocol. */
  readonly isLegacy: boolean;
  /** The issuer as it was when the token was checked: another object once its keys were exchanged. */
  readonly issuer: object;
}

/** A token, and the way in which it came. */
export interface Presented {
  readonly token: string;
  readonly by: "header" | "cookie" | "query";
}

/** A key of an issuer, and what it may sign. */
interface Issuer {
  readonly options: TokenIssuer;
  /** Its place in the list of the options. */
  readonly at: number;
  /** All that the options say, to compare others with. */
  readonly text: string;
  /** The key, or what finds it; made when the first token comes. */
  keys: Keys | undefined;
  /** The topics on which it may grant anything, if these are not all. */
  topics: Promise<readonly Matcher[] | undefined> | undefined;
}

// How long a key set is good, and how often it is fetched at most, in milliseconds.
const JWKS_MAX_AGE = 600_000;
const JWKS_COOLDOWN = 30_000;
const JWKS_TIMEOUT = 5_000;

// How many tokens are remembered as accepted, at least, and for how many milliseconds.
const MOST_ACCEPTED = 1_000;
const ACCEPTED_FOR = 60_000;

/** The program itself, and whom it trusts: it may do all, and has no token. */
export const TRUSTED: Principal = {
  name: "",
  expires: Infinity,
  grants: [{
    actions: ["publish", "subscribe"],
    matchers: [{ type: "exact", text: EVERY, key: EVERY, pattern: undefined, matches: () => true }],
    payload: undefined,
  }],
  isLegacy: false,
  issuer: {},
};

/** Of what a principal's token grants an action. */
export function granted({ grants }: Principal, action: Action): readonly Matcher[] {
  return grants.filter(({ actions }) => actions.includes(action)).flatMap(({ matchers }) => matchers);
}

export class Tokens {
  readonly #settings: HubSettings;
  readonly #matchers: Matchers;
  /** Those that are accepted now: one issuer may be there several times, each time with another key. */
  #issuers: ReadonlySet<Issuer> = new Set();
  /** Tokens that were accepted a moment ago: to check a signature costs more than all the rest of a small request. */
  #accepted = new RecentMap<string, { readonly principal: Principal; readonly until: number }>(MOST_ACCEPTED);
  #jose: Promise<Jose> | undefined;

  constructor(settings: HubSettings, matchers: Matchers) {
    this.#settings = settings;
    this.#matchers = matchers;
    this.setIssuers(settings.auth.issuers);
  }

  /**
   * Exchanges the issuers; one that has not changed stays the same object, and keeps the keys that were fetched.
   *
   * @returns Those that are no longer accepted, or no longer in the same way.
   */
  setIssuers(issuers: readonly TokenIssuer[]): readonly object[] {
    const before = [...this.#issuers];
    this.#issuers = new Set(issuers.map((options, at) => {
      const text = textOf(options);
      const known = before.find((issuer) => issuer.text === text);
      return known ?? { options, at, text, keys: undefined, topics: undefined };
    }));
    const gone = before.filter((issuer) => !this.#issuers.has(issuer));
    if (gone.length > 0) this.#accepted = new RecentMap(MOST_ACCEPTED);
    return gone;
  }

  /**
   * Asks once more whether somebody's token would be accepted, after something was waited for.
   *
   * @throws {Refusal} If its issuer's keys were exchanged meanwhile.
   */
  confirm(principal: Principal): void {
    if (principal !== TRUSTED && !this.#issuers.has(principal.issuer as Issuer)) {
      throw badToken("the keys of its issuer were exchanged");
    }
  }

  /**
   * Finds the token of a request, by the way that counts first: header, cookie, query. In the older protocol the query counts
   * before the cookie.
   *
   * @throws {Refusal} If there is a header that is no token.
   */
  find(request: Request): Presented | undefined {
    const { cookie, query } = this.#settings.auth;
    const header = request.headers.get("authorization");
    if (header !== null) {
      const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(header)?.[1];
      if (token !== undefined) return { token, by: "header" };
      throw new Refusal(400, "The Authorization header holds no Bearer token", {
        challenge: { error: "invalid_request" },
      });
    }
    const { isLegacy } = this.#settings;
    const parameter = (name: string | false) =>
      name === false ? null : new URL(request.url).searchParams.get(name);
    const inOldQuery = isLegacy ? parameter(TOKEN_PARAMETER) : null;
    if (inOldQuery !== null) return { token: inOldQuery, by: "query" };
    const names = cookie === false ? [] : isLegacy ? [cookie, TOKEN_COOKIE] : [cookie];
    for (const name of names) {
      const inCookie = readCookie(request.headers.get("cookie"), name);
      if (inCookie !== undefined) return { token: inCookie, by: "cookie" };
    }
    const inQuery = parameter(query);
    return inQuery === null ? undefined : { token: inQuery, by: "query" };
  }

  /**
   * Checks a token.
   *
   * @throws {Refusal} If it is not accepted, without saying why.
   */
  async check({ token }: Presented): Promise<Principal> {
    const { limits, clock } = this.#settings;
    if (token.length > limits.tokenLength) throw badToken("it is longer than limits.tokenLength");
    const known = this.#accepted.get(token);
    const now = clock.now();
    if (known !== undefined && now < known.until) return known.principal;
    const principal = await this.#verify(token);
    this.confirm(principal);
    const until = Math.min(principal.expires + this.#settings.auth.clockTolerance, now + ACCEPTED_FOR);
    this.#accepted.set(token, { principal, until });
    return principal;
  }

  async #verify(token: string): Promise<Principal> {
    const jose = await this.#load();
    let claimed: JWTPayload;
    let type: unknown;
    try {
      // Only to find whose key may check it, and by which rules: the check itself asks for this very issuer.
      claimed = jose.decodeJwt(token);
      type = jose.decodeProtectedHeader(token).typ;
    } catch {
      throw badToken("it is no JWT");
    }
    const isLegacy = this.#settings.isLegacy && isLegacyType(type);
    // One of the older protocol that names nobody is of whoever's key it was signed with.
    const isOfAnybody = isLegacy && claimed.iss === undefined;
    const issuers = [...this.#issuers].filter(({ options }) => isOfAnybody || options.issuer === claimed.iss);
    let refusal: unknown = badToken("its issuer is not known");
    let isByOther = true;
    for (const issuer of issuers) {
      try {
        return await this.#verifyBy(issuer, token, jose, isLegacy ? claimed : undefined);
      } catch (error) {
        // It is of the key that fits; if none does, of one that could not be asked.
        if (isByOther) refusal = error;
        isByOther &&= error instanceof Refusal && BY_OTHER.includes(error.why ?? "");
      }
    }
    throw refusal;
  }

  /** @param legacy What a token of the older protocol says: there each of these claims may be missing. */
  async #verifyBy(
    issuer: Issuer,
    token: string,
    jose: Jose,
    legacy: JWTPayload | undefined,
  ): Promise<Principal> {
    const { audience, auth, clock, onError } = this.#settings;
    const { options } = issuer;
    const keys = issuer.keys ??= this.#keysOf(options, jose);
    let payload: JWTPayload;
    try {
      ({ payload } = await jose.jwtVerify(token, keys as Parameters<Jose["jwtVerify"]>[1], {
        algorithms: [...options.algorithms],
        ...(legacy !== undefined && legacy.iss === undefined ? {} : { issuer: options.issuer }),
        ...(legacy !== undefined && legacy.aud === undefined ? {} : { audience }),
        ...(legacy !== undefined ? {} : { typ: "at+jwt", requiredClaims: ["exp"] }),
        clockTolerance: auth.clockTolerance / 1_000,
        currentDate: new Date(clock.now()),
      }));
    } catch (error) {
      // A JWKS that cannot be had says nothing of the token. Errors of the check itself hold claims, and are told to nobody.
      if (options.jwks === undefined || !isOutage(error)) throw badToken(whyOf(error));
      onError(new Error(`The keys of ${options.issuer} cannot be fetched`, { cause: error }));
      throw new Refusal(503, "Access tokens cannot be checked now: come back later", {
        headers: { "retry-after": "5" },
      });
    }
    const topics = await this.#topicsOf(issuer);
    const { grants, payload: told } = await this.#claimsOf(payload, legacy !== undefined);
    return {
      name: JSON.stringify([options.issuer, payload.sub ?? payload["client_id"] ?? payload.jti ?? ""]),
      expires: payload.exp === undefined ? Infinity : payload.exp * 1_000,
      grants: grants.map((grant) => restrict(grant, options, topics)),
      payload: told ?? undefined,
      isLegacy: legacy !== undefined,
      issuer,
    };
  }

  /**
   * Reads the topics of all issuers, for which patterns may have to be fetched first.
   *
   * @throws {Error} If one is no matcher.
   */
  async prepare(): Promise<void> {
    for (const issuer of this.#issuers) await this.#topicsOf(issuer);
  }

  #topicsOf(issuer: Issuer): Promise<readonly Matcher[] | undefined> {
    return issuer.topics ??= this.#readTopics(issuer);
  }

  async #readTopics({ options: { topics }, at }: Issuer): Promise<readonly Matcher[] | undefined> {
    if (topics === undefined) return undefined;
    const matchers = await Promise.all(topics.map(async ({ match, match_type: type = "exact" }, i) => {
      try {
        return await this.#matchers.make(type, match);
      } catch (error) {
        if (!(error instanceof PatternError)) throw error;
        throw new TypeError(`Option "auth.issuers[${at}].topics[${i}]" is no matcher: ${error.message}`);
      }
    }));
    return matchers.some(({ key }) => key === EVERY) ? undefined : matchers;
  }

  async #claimsOf(payload: JWTPayload, isLegacy: boolean): Promise<LegacyClaim> {
    const most = this.#settings.limits.matchers;
    try {
      if (isLegacy) return await readLegacyClaim(payload, this.#matchers, most);
      const details = payload["authorization_details"];
      return { grants: await readGrants(details, this.#matchers, most), payload: undefined };
    } catch (error) {
      throw error instanceof GrantError ? badToken(error.message) : error;
    }
  }

  /** The principal of a request that must have one. */
  async require(request: Request): Promise<Principal & { readonly by: Presented["by"] }> {
    const presented = this.find(request);
    if (presented === undefined) throw noToken();
    return { ...await this.check(presented), by: presented.by };
  }

  #load(): Promise<Jose> {
    if (!("crypto" in globalThis)) {
      throw new Error(
        "tidings/hub needs the global crypto, which Node 18 does not have: before it, run " +
          '`globalThis.crypto ??= (await import("node:crypto")).webcrypto`, or use Node 20 or later',
      );
    }
    return this.#jose ??= import("jose").catch((cause) => {
      this.#jose = undefined;
      throw new Error(
        "tidings/hub checks tokens by the package jose, which is not there: run `npm install jose`",
        {
          cause,
        },
      );
    });
  }

  #keysOf({ secret, publicKey, jwks, algorithms }: TokenIssuer, jose: Jose): Keys {
    if (secret !== undefined) return typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
    if (jwks !== undefined) {
      return jose.createRemoteJWKSet(new URL(jwks), {
        cacheMaxAge: JWKS_MAX_AGE,
        cooldownDuration: JWKS_COOLDOWN,
        timeoutDuration: JWKS_TIMEOUT,
      });
    }
    if (typeof publicKey === "object") {
      // A set of one: the key must fit to the algorithm and to the `kid`, as one that was fetched.
      return jose.createLocalJWKSet({ keys: [publicKey as never] });
    }
    const pem = publicKey!;
    // A key in PEM says its kind and not its algorithm, of which the token names one that is allowed.
    const read = new Map<string, Promise<CryptoKey>>();
    return ({ alg = algorithms[0]! }) => {
      let key = read.get(alg);
      if (key === undefined) read.set(alg, key = jose.importSPKI(pem, alg) as Promise<CryptoKey>);
      return key;
    };
  }
}

/** What the options of an issuer say, as one text: equal options have equal ones. */
function textOf({ issuer, algorithms, secret, publicKey, jwks, actions, topics }: TokenIssuer): string {
  const bytes = secret instanceof Uint8Array ? [...secret] : secret;
  return JSON.stringify(
    [issuer, algorithms, bytes, publicKey, jwks && String(jwks), actions, topics].map((each) => each ?? null),
  );
}

/** A grant, without what the issuer may not grant. */
function restrict(
  { actions, matchers, payload }: Grant,
  { issuer, actions: allowed }: TokenIssuer,
  topics: readonly Matcher[] | undefined,
): Grant {
  return {
    actions: allowed === undefined ? actions : actions.filter((action) => allowed.includes(action)),
    matchers: topics === undefined ? matchers : matchers.map((matcher) => within(matcher, topics, issuer)),
    payload,
  };
}

function readCookie(header: string | null, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at !== -1 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}

/** What shows that a token was signed with another key, or forged. */
const OTHER_KEY: Readonly<Record<string, string>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: "its signature is not by the key of its issuer",
  ERR_JWKS_NO_MATCHING_KEY: "no key of its issuer fits it",
  ERR_JOSE_ALG_NOT_ALLOWED: "its algorithm is not one of those of its issuer",
};
const BY_OTHER = Object.values(OTHER_KEY);
const PROBLEMS: Readonly<Record<string, string>> = { ...OTHER_KEY, ERR_JWT_EXPIRED: "it has expired" };

/** What the check found wrong, in words that hold nothing of the token: names of claims are those that were asked for. */
function whyOf(error: unknown): string {
  const { code, claim } = error as { code?: unknown; claim?: unknown };
  if (code === "ERR_JWT_CLAIM_VALIDATION_FAILED") return `its ${claim} is missing, or not as it must be`;
  return PROBLEMS[String(code)] ?? "it is malformed";
}

/** Whether a key set could not be fetched, or is none: what is wrong with a token has a code of its own. */
function isOutage(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  const isOfToken = typeof code === "string" && code.startsWith("ERR_J");
  return !isOfToken || code === "ERR_JWKS_TIMEOUT" || code === "ERR_JWKS_INVALID" ||
    code === "ERR_JOSE_GENERIC";
}
