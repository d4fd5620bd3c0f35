/**
 * Knows whether a request comes from the operator, who has the admin token.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { CommandError } from "../command.ts";

const SHORTEST = 16;

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
}

function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
