/**
 * Knows whether a request comes from the operator, who has the admin token.
 *
 * @module
 */

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { CommandError } from "../command.ts";

const SHORTEST = 16;

const COOKIE = "tidings_admin";
// How long the page stays open without the token, in seconds: a working day.
const SESSION = 12 * 3_600;

export class Guard {
  /** Digests are compared: they have one length, and the time that it takes says nothing of the token. */
  readonly #digest: Uint8Array;

  /** @throws {CommandError} If the token is too short, or could not be sent. It is never shown. */
  constructor(token: string) {
    const { byteLength } = new TextEncoder().encode(token);
    if (byteLength < SHORTEST) {
      throw new CommandError(
        `TIDINGS_ADMIN_TOKEN must have at least ${SHORTEST} bytes, and has ${byteLength}: \`openssl rand -hex 32\` ` +
          "makes one",
      );
    }
    // Others reach no header as they were meant.
    if (!/^[!-~]([ -~]*[!-~])?$/.test(token)) {
      throw new CommandError("TIDINGS_ADMIN_TOKEN must be of ASCII characters, with no space at its ends");
    }
    this.#digest = digestOf(token);
  }

  /** Whether a request brings the token in its header. */
  hasToken(request: Request): boolean {
    const token = /^Bearer +(.*\S) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
    return token !== undefined && this.isToken(token);
  }

  isToken(text: string): boolean {
    return timingSafeEqual(digestOf(text), this.#digest);
  }

  /**
   * What `Set-Cookie` says to begin a session. It holds until when, signed by the token: so it is known to every process that
   * has the token, and another token ends all sessions.
   */
  begin(isSecure: boolean, now: number = Date.now()): string {
    const end = String(Math.floor(now / 1_000) + SESSION);
    return `${COOKIE}=${end}.${this.#sign(end)}${attributes(SESSION, isSecure)}`;
  }

  /** What `Set-Cookie` says to end it in this browser. */
  end(isSecure: boolean): string {
    return `${COOKIE}=${attributes(0, isSecure)}`;
  }

  hasSession(request: Request, now: number = Date.now()): boolean {
    const cookies = request.headers.get("cookie") ?? "";
    const [, end, signature] = /(?:^|; *)tidings_admin=(\d{1,15})\.([0-9a-f]{64})(?:;|$)/.exec(cookies) ?? [];
    if (end === undefined || signature === undefined || Number(end) * 1_000 < now) return false;
    return timingSafeEqual(digestOf(this.#sign(end)), digestOf(signature));
  }

  #sign(text: string): string {
    return createHmac("sha256", this.#digest).update(`session ${text}`).digest("hex");
  }
}

/**
 * Whether a request comes from a page of the hub's own origin, as the browser says, or from no page. Browsers of today say
 * it of themselves where the address is trustworthy, and the origin of all that writes.
 */
export function isSameOrigin(request: Request): boolean {
  const { headers, method } = request;
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = headers.get("origin");
  if (origin === null) return method === "GET" || method === "HEAD";
  try {
    return new URL(origin).host === headers.get("host");
  } catch {
    return false; // "null", of a page that has none
  }
}

function attributes(seconds: number, isSecure: boolean): string {
  return `; Path=/admin; HttpOnly; SameSite=Strict; Max-Age=${seconds}${isSecure ? "; Secure" : ""}`;
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
