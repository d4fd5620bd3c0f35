/**
 * Names the settings of `tidings hub`, and explains them.
 *
 * @module
 */

import { describe, type Setting } from "../settings.ts";
import { ENGINE_SETTINGS } from "./engine.ts";
import { ISSUERS } from "./issuers.ts";
import { KEY_FILE_SETTINGS } from "./key_files.ts";
import { LIMIT_SETTINGS } from "./limits.ts";

export const SETTINGS: readonly Setting[] = [
  { name: "port", variable: "PORT", value: "<number>", help: "the port; 8080" },
  {
    name: "host",
    variable: "HOST",
    value: "<address>",
    help: "the address to listen on; 0.0.0.0, all of IPv4",
  },
  {
    name: "url",
    variable: "TIDINGS_URL",
    value: "<url>",
    help: "the hub's public address; http://localhost:<port>/.well-known/mercure",
  },
  {
    name: "jwt-secret",
    variable: "TIDINGS_JWT_SECRET",
    value: "<text>",
    isSecret: true,
    help: "the secret that tokens are signed with, at least 32 bytes",
  },
  {
    name: "jwt-public-key",
    variable: "TIDINGS_JWT_PUBLIC_KEY",
    value: "<pem>",
    help: "or the public key, -----BEGIN PUBLIC KEY-----…",
  },
  ...KEY_FILE_SETTINGS,
  {
    name: "jwks-url",
    variable: "TIDINGS_JWKS_URL",
    value: "<url>",
    help: "or where public keys are published",
  },
  {
    name: "jwt-algorithms",
    variable: "TIDINGS_JWT_ALGORITHMS",
    value: "<list>",
    help: "of signatures; HS256 with a secret, RS256,ES256,EdDSA with keys",
  },
  {
    name: "jwt-issuer",
    variable: "TIDINGS_JWT_ISSUER",
    value: "<text>",
    help: "the issuer of tokens; the url's origin",
  },
  {
    name: "jwt-audience",
    variable: "TIDINGS_JWT_AUDIENCE",
    value: "<text>",
    help: "whom tokens are for; the url",
  },
  ISSUERS,
  { name: "anonymous", variable: "TIDINGS_ANONYMOUS", help: "public updates are read without a token" },
  {
    name: "subscriptions",
    variable: "TIDINGS_SUBSCRIPTIONS",
    help: "active subscriptions are told and listed",
  },
  {
    name: "compatibility",
    variable: "TIDINGS_COMPATIBILITY",
    value: "<name>",
    help: "mercure-0: clients of the older protocol too",
  },
  {
    name: "cors",
    variable: "TIDINGS_CORS",
    value: "<origins>",
    help: "origins whose pages may read, with commas between them",
  },
  ...LIMIT_SETTINGS,
  ...ENGINE_SETTINGS,
  {
    name: "log",
    variable: "TIDINGS_LOG",
    value: "<format>",
    help: "json or text for the lines it writes; text at a terminal, JSON elsewhere",
  },
  {
    name: "admin-token",
    variable: "TIDINGS_ADMIN_TOKEN",
    value: "<text>",
    isSecret: true,
    help: "what opens /metrics and /admin, at least 16 bytes; without it there are none",
  },
  {
    name: "demo",
    variable: "TIDINGS_DEMO",
    help: "/demo is a page to try the hub with, where everybody may publish",
  },
];

export const USAGE: string = `tidings hub [--config <file>] [settings]

Programs publish to it over HTTP, and browsers receive, by Mercure's protocol or from POST /publish. Each
setting is a flag, a variable of the environment, or a name in a file of JSON, in this order:

${describe(SETTINGS)}

/healthz answers while it runs, /readyz while it can publish. SIGTERM ends it in good order.
Keys are read anew on SIGHUP, and when their file or the file of settings has changed.`;

/** What is put to use when the settings are read anew; all else takes effect at a restart. */
export const KEY_SETTINGS: readonly string[] = SETTINGS.map(({ name }) => name).filter((name) =>
  name === ISSUERS.name || /^jw(t|ks)-(?!audience)/.test(name)
);
