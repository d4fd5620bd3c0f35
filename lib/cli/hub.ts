/**
 * Runs a hub: `npx tidings hub`.
 *
 * @module
 */

import { webcrypto } from "node:crypto";
import process from "node:process";
import { errorText, show } from "../base/errors.ts";
import { createHub, type Hub, type HubOptions } from "../hub/mod.ts";
import { serve } from "../serve/mod.ts";
import { CommandError } from "./command.ts";
import { type Engine, ENGINE_SETTINGS, openEngine } from "./hub_engine.ts";
import { aboutSettings, ISSUERS, issuersOf } from "./issuers.ts";
import { describe, readSettings, type Setting, type Values } from "./settings.ts";

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
    help: "what tokens may be signed with; HS256 with a secret, RS256,ES256,EdDSA with keys",
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
  ...ENGINE_SETTINGS,
];

const USAGE = `tidings hub [--config <file>] [settings]

Programs publish to it over HTTP, and browsers receive, by Mercure's protocol or from POST /publish. Each
setting is a flag, a variable of the environment, or a name in a file of JSON, in this order:

${describe(SETTINGS)}

/healthz answers while it runs, /readyz while it can publish. SIGTERM ends it in good order.`;

// How long streams are ended one after the other, and how soon their clients come back, in milliseconds.
const DRAIN = { within: 2_000, retry: 1_000 };

/** Runs until it is asked to end. */
export async function hub(args: string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return console.log(USAGE);
  // Node 18 does not have it.
  if (!("crypto" in globalThis)) Object.assign(globalThis, { crypto: webcrypto });
  const values = await readSettings("hub", SETTINGS, args, process.env);
  const port = portOf(values["port"] ?? "8080");
  const url = values["url"] ?? `http://localhost:${port}/.well-known/mercure`;
  const auth = {
    issuers: issuersOf(values, url),
    audience: values["jwt-audience"],
    anonymous: values["anonymous"] === "true",
  };
  const engine = await openEngine(values);
  try {
    const options: HubOptions = {
      url,
      auth,
      backplane: engine.backplane,
      subscriptions: values["subscriptions"] === "true",
      compatibility: values["compatibility"] as HubOptions["compatibility"],
      cors: values["cors"] === undefined ? undefined : { origins: list(values["cors"]), credentials: true },
      // A line for each: where in here it came about helps nobody who runs it.
      onError: (error) => console.error(`tidings hub: ${errorText(error)}`),
    };
    const running = make(options, values);
    const server = await listen(running, engine, port, values["host"] ?? "0.0.0.0");
    console.log(`tidings hub at ${server.url}, known as ${url}, with its history in ${engine.place}`);
  } catch (error) {
    // Its connections would keep the process running.
    await engine.close();
    throw error;
  }
}

async function listen(
  running: Hub,
  engine: Engine,
  port: number,
  hostname: string,
): Promise<{ url: string }> {
  try {
    return await serve((request) => answer(running, request), {
      port,
      hostname,
      signals: true,
      drain: async () => {
        await running.close(DRAIN);
        await engine.close();
      },
    });
  } catch (error) {
    await running.close();
    throw error;
  }
}

/** What is wrong with an option of the hub's is wrong with a setting. */
export function make(options: HubOptions, values: Values): Hub {
  try {
    return createHub(options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CommandError(aboutSettings(error.message, values));
  }
}

function answer(running: Hub, request: Request): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/healthz") return new Response("ok\n");
  if (pathname !== "/readyz") return running.fetch(request);
  const isReady = running.broadcaster.state === "open" && running.broadcaster.health().ok;
  return new Response(isReady ? "ok\n" : "not ready\n", { status: isReady ? 200 : 503 });
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CommandError(`The setting "port" must be a number up to 65535, received ${show(text)}`);
}

function list(text: string): string[] {
  return text.split(",").map((each) => each.trim()).filter((each) => each !== "");
}
