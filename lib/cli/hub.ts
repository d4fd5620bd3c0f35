/**
 * Runs a hub: `npx tidings hub`.
 *
 * @module
 */

import { webcrypto } from "node:crypto";
import process from "node:process";
import { errorText, show } from "../base/errors.ts";
import { Broadcaster } from "../broadcaster/broadcaster.ts";
import type { Backplane } from "../cluster/backplane.ts";
import { createHub, type Hub, type HubOptions, type TokenIssuer } from "../hub/mod.ts";
import { redisStreams } from "../redis/mod.ts";
import { serve } from "../serve/mod.ts";
import { sqliteLog } from "../sqlite/mod.ts";
import { CommandError, type Package } from "./command.ts";
import { Admin } from "./hub/admin.ts";
import { Guard } from "./hub/guard.ts";
import { KEY_FILE_SETTINGS, keyFiles, withKeyFiles } from "./hub/key_files.ts";
import { type LogFormat, OperationLog } from "./hub/log.ts";
import { Metrics } from "./hub/metrics.ts";
import { broadcasterHooks, hubHooks } from "./hub/operation.ts";
import { Operator } from "./hub/operator.ts";
import { Reloading } from "./hub/reload.ts";
import { ActiveTopics } from "./hub/topics.ts";
import { describe, FILE, readSettings, type Setting, type Values } from "./settings.ts";

const SETTINGS: readonly Setting[] = [
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
  { name: "anonymous", variable: "TIDINGS_ANONYMOUS", help: "public updates are read without a token" },
  {
    name: "subscriptions",
    variable: "TIDINGS_SUBSCRIPTIONS",
    help: "active subscriptions are told and listed",
  },
  {
    name: "cors",
    variable: "TIDINGS_CORS",
    value: "<origins>",
    help: "origins whose pages may read, with commas between them",
  },
  {
    name: "data",
    variable: "TIDINGS_DATA",
    value: "<file>",
    help: "the SQLite file that keeps the history; tidings-hub.db",
  },
  { name: "redis", variable: "REDIS_URL", value: "<url>", help: "or a Redis, for hubs on many machines" },
  { name: "stream", variable: "TIDINGS_STREAM", value: "<name>", help: "its stream; tidings-hub" },
  { name: "memory", variable: "TIDINGS_MEMORY", help: "or nothing: a restart forgets the history" },
  {
    name: "log",
    variable: "TIDINGS_LOG",
    value: "<json|text>",
    help: "how each event of operation is written; text at a terminal, JSON elsewhere",
  },
  {
    name: "admin-token",
    variable: "TIDINGS_ADMIN_TOKEN",
    value: "<text>",
    isSecret: true,
    help: "what opens /metrics and /admin, at least 16 bytes; without it there are none",
  },
];

const USAGE = `tidings hub [--config <file>] [settings]

Programs publish to it over HTTP, and browsers receive, by Mercure's protocol or from POST /publish. Each
setting is a flag, a variable of the environment, or a name in a file of JSON, in this order:

${describe(SETTINGS)}

/healthz answers while it runs, /readyz while it can publish. SIGTERM ends it in good order.
Keys are read anew on SIGHUP, and when their file or the file of settings has changed.`;

// How long streams are ended one after the other, and how soon their clients come back, in milliseconds.
const DRAIN = { within: 2_000, retry: 1_000 };

// What is put to use when the settings are read anew; all else takes effect at a restart.
const KEY_SETTINGS = SETTINGS.map(({ name }) => name).filter((name) => /^jw(t|ks)-(?!audience)/.test(name));

/** Runs until it is asked to end. */
export async function hub(args: string[], { folder, version }: Package): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return console.log(USAGE);
  // Node 18 does not have it.
  if (!("crypto" in globalThis)) Object.assign(globalThis, { crypto: webcrypto });
  const read = async () => withKeyFiles(await readSettings("hub", SETTINGS, args, process.env));
  const values = await read();
  const port = portOf(values["port"] ?? "8080");
  const url = values["url"] ?? `http://localhost:${port}/.well-known/mercure`;
  const auth = {
    issuers: [issuerOf(values, url)],
    audience: values["jwt-audience"],
    anonymous: values["anonymous"] === "true",
  };
  const log = logOf(values);
  const adminToken = values["admin-token"];
  const guard = adminToken === undefined ? undefined : new Guard(adminToken);
  const metrics = new Metrics(version);
  const topics = new ActiveTopics();
  const { backplane, place } = await engineOf(values);
  const { onError, onClose } = broadcasterHooks(log);
  const broadcaster = new Broadcaster({
    backplane,
    onError,
    onClose: (info, request) => {
      metrics.ended(info);
      onClose(info, request);
    },
  });
  const running = make({
    url,
    auth,
    broadcaster,
    ...hubHooks(log),
    onPublished: (info) => {
      metrics.published(info);
      if (guard !== undefined) topics.published(info);
    },
    subscriptions: values["subscriptions"] === "true",
    cors: values["cors"] === undefined ? undefined : { origins: list(values["cors"]), credentials: true },
  });
  const files = [...keyFiles(values), ...values[FILE] === undefined ? [] : [values[FILE]]];
  let current = values;
  const reloading = new Reloading(files, async () => {
    const now = await read();
    log.hide(now["jwt-secret"]);
    const ended = told(() => running.setIssuers([issuerOf(now, url)]));
    const changed = Object.keys(now).filter((name) => now[name] !== current[name]);
    current = now;
    if (changed.some((name) => KEY_SETTINGS.includes(name))) {
      log.info("keys-loaded", `The keys were exchanged, and ${ended} streams of old ones ended`, { ended });
    }
    const others = changed.filter((name) => !KEY_SETTINGS.includes(name));
    if (others.length === 0) return;
    const message = `These settings have changed too, and take effect at a restart: ${others.join(", ")}`;
    log.warn("restart-needed", message, { settings: others });
  }, log);
  const isSecure = new URL(url).protocol === "https:";
  const admin = guard && await Admin.open({ hub: running, guard, topics, log, isSecure }, folder);
  const operator = guard && admin && new Operator({ hub: running, guard, metrics, admin, log });
  let server;
  try {
    server = await serve((request) => answer(running, operator, request), {
      port,
      hostname: values["host"] ?? "0.0.0.0",
      signals: true,
      onSignal: (signal) => log.info("signal", `${signal}: closing. Once more ends it at once.`, { signal }),
      onError: (error) => log.error("failure", "Something went wrong in the server", error),
      drain: async () => {
        reloading.stop();
        const streams = broadcaster.size;
        log.info("drain", `Ending ${streams} streams`, { streams });
        await Promise.all([running.close(DRAIN), admin?.close()]);
        await broadcaster.close(DRAIN);
      },
    });
  } catch (error) {
    // Its engine would keep the process running.
    await running.close();
    await broadcaster.close();
    throw error;
  }
  await reloading.start();
  const since = performance.now();
  log.info("listening", `tidings hub at ${server.url}, known as ${url}, with its history in ${place}`, {
    version,
    address: server.url,
    url,
    history: place,
  });
  process.once("exit", (code) => {
    const seconds = Math.round((performance.now() - since) / 1_000);
    log.info("end", `Ended after ${seconds} seconds, with code ${code}`, { code, seconds });
  });
}

function logOf(values: Values): OperationLog {
  const format = values["log"] ?? (process.stdout.isTTY ? "text" : "json");
  if (format !== "text" && format !== "json") {
    throw new CommandError(`The setting "log" must be json or text, received ${show(format)}`);
  }
  return new OperationLog(format satisfies LogFormat, [
    values["jwt-secret"],
    values["admin-token"],
    passwordOf(values["redis"]),
  ]);
}

/** The password in an address, as it stands there. */
function passwordOf(url: string | undefined): string | undefined {
  return /^[^/]*\/\/[^/@]*?:([^@]*)@/.exec(url ?? "")?.[1];
}

function make(options: HubOptions): Hub {
  return told(() => createHub(options));
}

/** What is wrong with an option of the hub's is wrong with a setting. */
function told<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CommandError(
      error.message.replace(/"auth\.issuers\[0\]\.(\w+)"/, (_, option) => settingOf(option)),
    );
  }
}

/** The setting that an issuer's option comes from, as a person knows it. */
function settingOf(option: string): string {
  const names: Readonly<Record<string, string>> = {
    secret: "TIDINGS_JWT_SECRET",
    publicKey: "TIDINGS_JWT_PUBLIC_KEY",
    jwks: "TIDINGS_JWKS_URL",
    algorithms: "TIDINGS_JWT_ALGORITHMS",
  };
  return names[option] ?? `"${option}"`;
}

function answer(
  running: Hub,
  operator: Operator | undefined,
  request: Request,
): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  const own = operator?.answer(request, pathname);
  if (own !== undefined) return own;
  if (pathname === "/healthz") return new Response("ok\n");
  if (pathname !== "/readyz") return running.fetch(request);
  const isReady = running.broadcaster.state === "open" && running.broadcaster.health().ok;
  return new Response(isReady ? "ok\n" : "not ready\n", { status: isReady ? 200 : 503 });
}

function issuerOf(values: Values, url: string): TokenIssuer {
  const secret = values["jwt-secret"];
  const publicKey = values["jwt-public-key"];
  const jwks = values["jwks-url"];
  if ([secret, publicKey, jwks].filter((key) => key !== undefined).length !== 1) {
    throw new CommandError(
      "Say whose tokens are accepted, by one of TIDINGS_JWT_SECRET (`openssl rand -hex 32` makes one), " +
        "TIDINGS_JWT_PUBLIC_KEY and TIDINGS_JWKS_URL",
    );
  }
  const usual = secret === undefined ? "RS256,ES256,EdDSA" : "HS256";
  return {
    issuer: values["jwt-issuer"] ?? originOf(url),
    algorithms: list(values["jwt-algorithms"] ?? usual) as TokenIssuer["algorithms"],
    secret,
    publicKey,
    jwks,
  };
}

async function engineOf(values: Values): Promise<{ backplane: Backplane | undefined; place: string }> {
  const { redis, stream = "tidings-hub", data } = values;
  const isMemory = values["memory"] === "true";
  if ([redis !== undefined, data !== undefined, isMemory].filter(Boolean).length > 1) {
    throw new CommandError("Choose one of redis, data and memory for the history");
  }
  if (isMemory) return { backplane: undefined, place: "memory" };
  if (redis !== undefined) {
    return {
      backplane: redisStreams(await redisClient(redis), { stream }),
      place: `the Redis stream ${stream}`,
    };
  }
  const file = data ?? "tidings-hub.db";
  try {
    return { backplane: sqliteLog(file), place: file };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Nobody asked for it, and it is there from Node 22.13 on.
    if (data === undefined) return { backplane: undefined, place: "memory, as this runtime has no SQLite" };
    throw new CommandError(
      `${error.message}. Or use Redis (REDIS_URL), or --memory, which a restart forgets`,
    );
  }
}

async function redisClient(url: string): Promise<Parameters<typeof redisStreams>[0]> {
  const { Bun } = globalThis as {
    Bun?: { RedisClient: new (url: string) => Parameters<typeof redisStreams>[0] };
  };
  try {
    if (Bun !== undefined) return new Bun.RedisClient(url);
    return (await import("redis")).createClient({ url }) as unknown as Parameters<typeof redisStreams>[0];
  } catch (error) {
    if ((error as { code?: unknown }).code === "ERR_MODULE_NOT_FOUND") {
      throw new CommandError(
        "REDIS_URL takes the package redis, which is not there: run `npm install redis`",
      );
    }
    // The address may hold a password.
    throw new CommandError(`REDIS_URL must be the address of a Redis, such as redis://127.0.0.1:6379`);
  }
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CommandError(`The setting "port" must be a number up to 65535, received ${show(text)}`);
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

function list(text: string): string[] {
  return text.split(",").map((each) => each.trim()).filter((each) => each !== "");
}
