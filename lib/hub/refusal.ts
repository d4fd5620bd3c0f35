/**
 * Answers what is refused: with the protocol's status and challenge, and a problem document (RFC 9457) that says why.
 *
 * @module
 */

/** Why a request was refused, as a value to count by; the set is closed. */
export type RefusalReason =
  | "token-missing"
  | "token-refused"
  | "not-granted"
  | "malformed"
  | "too-large"
  | "too-many"
  | "timeout"
  | "not-found"
  | "wrong-method"
  | "unavailable"
  | "failed";

/** Why a token was not enough, in the words of RFC 6750. */
export type TokenError = "invalid_request" | "invalid_token" | "insufficient_scope";

const REASONS: Readonly<Record<number, RefusalReason>> = {
  401: "token-refused",
  403: "not-granted",
  404: "not-found",
  405: "wrong-method",
  408: "timeout",
  413: "too-large",
  429: "too-many",
  500: "failed",
  503: "unavailable",
};

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** A request that is refused. Thrown on the way, and answered by the hub. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** For a 401 or 403: what is wrong with the token, or nothing if there was none. */
  readonly challenge: { readonly error: TokenError | undefined } | undefined;
  /** What only the operator is told: what is wrong with a token, in words that hold nothing of it. */
  readonly why: string | undefined;

  constructor(
    status: number,
    detail: string,
    { headers = {}, challenge, why }: {
      headers?: Readonly<Record<string, string>>;
      challenge?: { readonly error: TokenError | undefined };
      why?: string;
    } = {},
  ) {
    super(detail);
    this.status = status;
    this.headers = headers;
    this.challenge = challenge;
    this.why = why;
  }

  get reason(): RefusalReason {
    const isMissing = this.status === 401 && this.challenge?.error === undefined;
    return isMissing ? "token-missing" : REASONS[this.status] ?? "malformed";
  }

  /** @param metadata The address at which a client learns whose tokens are accepted. */
  answer(metadata: string): Response {
    const { status, message, challenge } = this;
    const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
    for (const [name, value] of Object.entries(this.headers)) headers.set(name, value);
    if (challenge !== undefined) {
      const error = challenge.error === undefined ? "" : `error="${challenge.error}", `;
      headers.set("www-authenticate", `Bearer ${error}resource_metadata="${metadata}"`);
    }
    return new Response(JSON.stringify({ status, title: TITLES[status], detail: message }), {
      status,
      headers,
    });
  }
}

/** No token, where one is needed. */
export function noToken(): Refusal {
  return new Refusal(401, "This takes an access token: send it as a Bearer token", {
    challenge: { error: undefined },
  });
}

/**
 * A token that is not accepted. Its bearer is not told why: it would help whoever forges one.
 *
 * @param why For the operator: nothing of the token may be in it.
 */
export function badToken(why: string): Refusal {
  return new Refusal(401, "The access token is not accepted: get a new one", {
    challenge: { error: "invalid_token" },
    why,
  });
}

/** A token that does not grant what is asked for. */
export function notGranted(what: string): Refusal {
  return new Refusal(403, `The access token does not grant ${what}`, {
    challenge: { error: "insufficient_scope" },
  });
}

/** Too much of something, for now. */
export function tooMany(what: string, seconds: number): Refusal {
  return new Refusal(429, what, { headers: { "retry-after": String(Math.max(1, Math.ceil(seconds))) } });
}
