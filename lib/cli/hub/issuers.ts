/**
 * Reads whose tokens a hub accepts: of one issuer by settings, or of several by a list in the file.
 *
 * @module
 */

import { errorText, show } from "../../base/errors.ts";
import type { TokenIssuer } from "../../hub/mod.ts";
import { CommandError } from "../command.ts";
import type { Setting, Values } from "../settings.ts";

/** The list, which has a place in the file only. */
export const ISSUERS: Setting = {
  name: "issuers",
  isList: true,
  help: "or several: { issuer, algorithms, secret|publicKey|jwks, actions, topics }",
};

/** The settings of one issuer, and the options that they stand for. */
const SINGLE: readonly (readonly [name: string, variable: string, option: string])[] = [
  ["jwt-secret", "TIDINGS_JWT_SECRET", "secret"],
  ["jwt-public-key", "TIDINGS_JWT_PUBLIC_KEY", "publicKey"],
  ["jwks-url", "TIDINGS_JWKS_URL", "jwks"],
  ["jwt-algorithms", "TIDINGS_JWT_ALGORITHMS", "algorithms"],
  ["jwt-issuer", "TIDINGS_JWT_ISSUER", "issuer"],
];

/**
 * Reads the issuers.
 *
 * @param url The hub's address, whose origin is the issuer of tokens where no other is named.
 * @throws {CommandError} If none is named, or some by settings and others by the list.
 */
export function issuersOf(values: Values, url: string): TokenIssuer[] {
  const listed = values[ISSUERS.name];
  if (listed === undefined) return [issuerOf(values, url)];
  const both = SINGLE.find(([name]) => values[name] !== undefined);
  if (both !== undefined) {
    throw new CommandError(
      `Say in one place whose tokens are accepted: by the list "issuers", or by ${both[1]} and the like`,
    );
  }
  return JSON.parse(listed).map(withAlgorithms);
}

/** An entry of the list, with the usual algorithms if it names none; what it is instead the hub will say. */
function withAlgorithms(entry: TokenIssuer): TokenIssuer {
  if (typeof entry !== "object" || entry === null) return entry;
  return { ...entry, algorithms: entry.algorithms ?? usualAlgorithms(entry.secret) };
}

function usualAlgorithms(secret: unknown): TokenIssuer["algorithms"] {
  return secret === undefined ? ["RS256", "ES256", "EdDSA"] : ["HS256"];
}

function issuerOf(values: Values, url: string): TokenIssuer {
  const secret = values["jwt-secret"];
  const publicKey = values["jwt-public-key"];
  const jwks = values["jwks-url"];
  if ([secret, publicKey, jwks].filter((key) => key !== undefined).length !== 1) {
    throw new CommandError(
      "Say whose tokens are accepted, by one of TIDINGS_JWT_SECRET (`openssl rand -hex 32` makes one), " +
        "TIDINGS_JWT_PUBLIC_KEY and TIDINGS_JWKS_URL, or by a list of issuers in the file of --config",
    );
  }
  const algorithms = values["jwt-algorithms"]?.split(",").map((each) => each.trim()).filter((each) =>
    each !== ""
  );
  return {
    issuer: values["jwt-issuer"] ?? originOf(url),
    algorithms: (algorithms as TokenIssuer["algorithms"] | undefined) ?? usualAlgorithms(secret),
    secret,
    publicKey,
    jwks,
  };
}

function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch (error) {
    throw new CommandError(
      `The setting "url" must be an address, received ${show(url)}: ${errorText(error)}`,
    );
  }
}

/** A message about an option of an issuer, as one about the setting that it came from. */
export function aboutSettings(message: string, values: Values): string {
  if (values[ISSUERS.name] !== undefined) return message.replace(/\bauth\.issuers\b/g, "issuers");
  return message.replace(/"auth\.issuers\[0\]\.(\w+)"/, (whole, option: string) => {
    const [, variable = whole] = SINGLE.find(([, , name]) => name === option) ?? [];
    return variable;
  });
}
