/**
 * Runs a hub: `npx tidings hub`.
 *
 * @module
 */

import { webcrypto } from "node:crypto";
import process from "node:process";
import { show } from "../base/errors.ts";
import { Broadcaster } from "../broadcaster/broadcaster.ts";
import { createHub, type Hub, type HubOptions, type TokenIssuer } from "../hub/mod.ts";
import { DEFAULT_LIMITS } from "../hub/options.ts";
import { serve } from "../serve/mod.ts";
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
import { type Engine, ENGINE_SETTINGS, openEngine } from "./hub_engine.ts";
import { aboutSettings, ISSUERS, issuersOf } from "./issuers.ts";
import { describe, FILE, readSettings, type Setting, type Values } from "./settings.ts";

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
const KEY_SETTINGS = SETTINGS.map(({ name }) => name).filter((name) =>
  name === ISSUERS.name || /^jw(t|ks)-(?!audience)/.test(name)
);

/** Runs until it is asked to end. */
export async function hub(args: string[], { folder, version }: Package): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) return console.log(USAGE);
  // Node 18 does not have it.
  if (!("crypto" in globalThis)) Object.assign(globalThis, { crypto: webcrypto });
  const read = async () => withKeyFiles(await readSettings("hub", SETTINGS, args, process.env));
  const values = await read();
  const port = portOf(values["port"] ?? "8080");
  const url = values["url"] ?? `http://localhost:${port}/.well-known/mercure`;
  const issuers = issuersOf(values, url);
  const log = logOf(values, issuers);
  const adminToken = values["admin-token"];
  const guard = adminToken === undefined ? undefined : new Guard(adminToken);
  const metrics = new Metrics(version);
  const topics = new ActiveTopics();
  const engine = await openEngine(values);
  try {
    const broadcaster = broadcasterOf(engine, log, metrics);
    const options: HubOptions = {
      url,
      auth: { issuers, audience: values["jwt-audience"], anonymous: values["anonymous"] === "true" },
      broadcaster,
      ...hubHooks(log),
      onPublished: (info) => {
        metrics.published(info);
        if (guard !== undefined) topics.published(info);
      },
      subscriptions: values["subscriptions"] === "true",
      compatibility: values["compatibility"] as HubOptions["compatibility"],
      cors: values["cors"] === undefined ? undefined : { origins: list(values["cors"]), credentials: true },
    };
    const running = make(options, values);
    const isSecure = new URL(url).protocol === "https:";
    const admin = guard && await Admin.open({ hub: running, guard, topics, log, isSecure }, folder);
    const operator = guard && admin && new Operator({ hub: running, guard, metrics, admin, log });
    const close = async () => {
      await Promise.all([running.close(DRAIN), admin?.close()]);
      await broadcaster.close(DRAIN);
    };
    const reloading = keysOf(running, { values, url, log, read });
    const server = await listen(
      { running, operator, log, reloading, close, engine },
      port,
      values["host"] ?? "0.0.0.0",
    );
    await reloading.start();
    tell(log, { version, address: server.url, url, history: engine.place });
  } catch (error) {
    // Its connections would keep the process running.
    await engine.close();
    throw error;
  }
}

function broadcasterOf({ backplane }: Engine, log: OperationLog, metrics: Metrics): Broadcaster {
  const { onError, onClose } = broadcasterHooks(log);
  return new Broadcaster({
    backplane,
    limits: { clients: DEFAULT_LIMITS.streams, lifetime: DEFAULT_LIMITS.streamLifetime },
    onError,
    onClose: (info, request) => {
      metrics.ended(info);
      onClose(info, request);
    },
  });
}

/** What runs, and how it ends: with `close`, then the engine. */
interface Running {
  readonly running: Hub;
  readonly operator: Operator | undefined;
  readonly log: OperationLog;
  readonly reloading: Reloading;
  readonly close: () => Promise<void>;
  readonly engine: Engine;
}

/** Reads the settings again and again, and exchanges the keys of a hub when they have changed. */
function keysOf(
  running: Hub,
  { values, url, log, read }: { values: Values; url: string; log: OperationLog; read: () => Promise<Values> },
): Reloading {
  const files = [...keyFiles(values), ...values[FILE] === undefined ? [] : [values[FILE]]];
  let current = values;
  return new Reloading(files, async () => {
    const now = await read();
    const issuers = issuersOf(now, url);
    for (const { secret } of issuers) log.hide(secret as string | undefined);
    const ended = told(now, () => running.setIssuers(issuers));
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
}

async function listen(
  { running, operator, log, reloading, close, engine }: Running,
  port: number,
  hostname: string,
): Promise<{ url: string }> {
  try {
    return await serve((request) => answer(running, operator, request), {
      port,
      hostname,
      signals: true,
      onSignal: (signal) => log.info("signal", `${signal}: closing. Once more ends it at once.`, { signal }),
      onError: (error) => log.error("failure", "Something went wrong in the server", error),
      drain: async () => {
        reloading.stop();
        const streams = running.broadcaster.size;
        log.info("drain", `Ending ${streams} streams`, { streams });
        await close();
        await engine.close();
      },
    });
  } catch (error) {
    await close();
    throw error;
  }
}

/** Says that it runs, and at its end for how long it did. */
function tell(
  log: OperationLog,
  about: { readonly version: string; address: string; url: string; history: string },
): void {
  const since = performance.now();
  const { address, url, history } = about;
  log.info("listening", `tidings hub at ${address}, known as ${url}, with its history in ${history}`, about);
  process.once("exit", (code) => {
    const seconds = Math.round((performance.now() - since) / 1_000);
    log.info("end", `Ended after ${seconds} seconds, with code ${code}`, { code, seconds });
  });
}

function logOf(values: Values, issuers: readonly TokenIssuer[]): OperationLog {
  const format = values["log"] ?? (process.stdout.isTTY ? "text" : "json");
  if (format !== "text" && format !== "json") {
    throw new CommandError(`The setting "log" must be json or text, received ${show(format)}`);
  }
  const secrets = [
    ...issuers.map(({ secret }) => typeof secret === "string" ? secret : undefined),
    values["admin-token"],
    ...["redis", "nats", "postgres"].flatMap((name) => passwordsOf(values[name])),
  ];
  return new OperationLog(format satisfies LogFormat, secrets);
}

/** The passwords in addresses, as they stand there. */
function passwordsOf(urls = ""): string[] {
  return urls.split(",").flatMap((url) => /^[^/]*\/\/[^/@]*?:([^@]*)@/.exec(url)?.[1] ?? []);
}

/** Makes a hub by settings. */
export function make(options: HubOptions, values: Values): Hub {
  return told(values, () => createHub(options));
}

/** What is wrong with an option of the hub's is wrong with a setting. */
function told<T>(values: Values, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CommandError(aboutSettings(error.message, values));
  }
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

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CommandError(`The setting "port" must be a number up to 65535, received ${show(text)}`);
}

function list(text: string): string[] {
  return text.split(",").map((each) => each.trim()).filter((each) => each !== "");
}
