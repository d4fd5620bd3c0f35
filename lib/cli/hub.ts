/**
 * Runs a hub: `npx tidings hub`.
 *
 * @module
 */

import { webcrypto } from "node:crypto";
import process from "node:process";
import { errorText, show } from "../base/errors.ts";
import { pathOf } from "../base/path.ts";
import type { Hub, HubOptions, TokenIssuer } from "../hub/mod.ts";
import { serve } from "../serve/mod.ts";
import { CommandError, type Package } from "./command.ts";
import { Admin } from "./hub/admin.ts";
import { Demo } from "./hub/demo.ts";
import { openEngine } from "./hub/engine.ts";
import { Guard } from "./hub/guard.ts";
import { issuersOf } from "./hub/issuers.ts";
import { withKeyFiles } from "./hub/key_files.ts";
import { keysOf } from "./hub/keys.ts";
import { limitsOf } from "./hub/limits.ts";
import { type LogFormat, OperationLog } from "./hub/log.ts";
import { make } from "./hub/make.ts";
import { Metrics } from "./hub/metrics.ts";
import { hooks } from "./hub/operation.ts";
import { Operator } from "./hub/operator.ts";
import type { Reloading } from "./hub/reload.ts";
import { SETTINGS, USAGE } from "./hub/settings.ts";
import { ActiveTopics } from "./hub/topics.ts";
import { readSettings, type Values } from "./settings.ts";

// How long streams are ended one after the other, and how soon their clients come back, in milliseconds.
const DRAIN = { within: 2_000, retry: 1_000 };

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
  const engine = await openEngine(
    values,
    (message, error) => log.warn("engine", `${message}: ${errorText(error)}`),
  );
  let made: Hub | undefined;
  try {
    const told = hooks(log);
    const options: HubOptions = {
      url,
      auth: { issuers, audience: values["jwt-audience"], anonymous: values["anonymous"] === "true" },
      backplane: engine.backplane,
      ...limitsOf(values),
      ...told,
      onClose: (info, request) => {
        metrics.ended(info);
        told.onClose(info, request);
      },
      onPublished: (info) => {
        metrics.published(info);
        if (guard !== undefined) topics.published(info);
      },
      subscriptions: values["subscriptions"] === "true",
      compatibility: values["compatibility"] as HubOptions["compatibility"],
      cors: values["cors"] === undefined ? undefined : { origins: list(values["cors"]), credentials: true },
    };
    const running = made = make(options, values);
    const isSecure = new URL(url).protocol === "https:";
    const admin = guard && await Admin.open({ hub: running, guard, topics, log, isSecure }, folder);
    const operator = guard && admin && new Operator({ hub: running, guard, metrics, admin, log });
    const [one, ...others] = issuers;
    const issuer = others.length === 0 ? one?.issuer : undefined;
    const demo = values["demo"] === "true"
      ? await Demo.open({ hub: running, log, url, issuer }, folder)
      : undefined;
    const drain = async () => {
      await Promise.all([running.close(DRAIN), admin?.close()]);
      await engine.close();
    };
    const reloading = keysOf(running, { values, url, log, read });
    const server = await listen(
      { running, operator, demo, log, reloading, drain },
      port,
      values["host"] ?? "0.0.0.0",
    );
    await reloading.start();
    tell(log, { version, address: server.url, url, history: engine.place });
  } catch (error) {
    // What is open would keep the process running.
    await made?.close(DRAIN);
    await engine.close();
    throw error;
  }
}

/** What runs, and how it ends. */
interface Running {
  readonly running: Hub;
  readonly operator: Operator | undefined;
  readonly demo: Demo | undefined;
  readonly log: OperationLog;
  readonly reloading: Reloading;
  readonly drain: () => Promise<void>;
}

function listen(
  { running, operator, demo, log, reloading, drain }: Running,
  port: number,
  hostname: string,
): Promise<{ url: string }> {
  return serve((request) => answer({ running, operator, demo }, request), {
    port,
    hostname,
    signals: true,
    onSignal: (signal) => log.info("signal", `${signal}: closing. Once more ends it at once.`, { signal }),
    onError: (error) => log.error("failure", "Something went wrong in the server", error),
    drain: () => {
      reloading.stop();
      const { streams } = running.stats();
      log.info("drain", `Ending ${streams} streams`, { streams });
      return drain();
    },
  });
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

function answer(
  { running, operator, demo }: Pick<Running, "running" | "operator" | "demo">,
  request: Request,
): Response | Promise<Response> {
  const pathname = pathOf(request);
  const own = operator?.answer(request, pathname);
  if (own !== undefined) return own;
  if (demo !== undefined && `${pathname}/`.startsWith("/demo/")) return demo.answer(request, pathname);
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
