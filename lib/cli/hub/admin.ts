/**
 * Serves the admin page of a running hub, what it shows and what it does, to whoever has the admin token.
 *
 * @module
 */

import { Broadcaster } from "../../broadcaster/broadcaster.ts";
import type { Hub, HubUpdate } from "../../hub/mod.ts";
import { answered, json, problem, readJson } from "./answers.ts";
import { type Guard, isSameOrigin } from "./guard.ts";
import type { OperationLog } from "./log.ts";
import { PageFiles } from "./page_files.ts";
import type { ActiveTopics } from "./topics.ts";

const INTERVAL = 1_000;
const MOST_TOPICS = 20;

export interface AdminParts {
  readonly hub: Hub;
  readonly guard: Guard;
  readonly topics: ActiveTopics;
  readonly log: OperationLog;
  /** Whether the hub's public address is HTTPS: the cookie is for that alone then. */
  readonly isSecure: boolean;
}

export class Admin {
  readonly #parts: AdminParts;
  readonly #files: PageFiles;
  /** What the open pages are told each second. Nothing of it goes through the hub's own log. */
  readonly #feed = new Broadcaster({ history: { events: 2 }, lagPolicy: "latest" });
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param folder That of the package, in which the page's files lie. */
  static async open(parts: AdminParts, folder: URL): Promise<Admin> {
    const files = await PageFiles.open(folder, [
      "admin.html",
      "admin.js",
      "client.js",
      "base.css",
      "page.css",
    ]);
    return new Admin(parts, files);
  }

  private constructor(parts: AdminParts, files: PageFiles) {
    this.#parts = parts;
    this.#files = files;
  }

  /** Ends the pages' streams. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#feed.close({ retry: 1_000 });
  }

  /** The answer to a request at `/admin` or below. */
  answer(request: Request, path: string): Promise<Response> {
    return answered(() => this.#route(request, path.slice("/admin".length)), this.#parts.log);
  }

  #route(request: Request, path: string): Promise<Response> | Response {
    const { method } = request;
    // The page itself says nothing, and anybody may have it: what it shows is behind the token.
    const file = this.#files.answer(request, path);
    if (file !== undefined) return file;
    if (!isSameOrigin(request)) return problem(403, "This is for the hub's own page");
    if (path === "/session") return this.#session(request);
    const { guard, hub } = this.#parts;
    if (!guard.hasSession(request) && !guard.hasToken(request)) return problem(401, "Sign in first");
    if (method === "GET" && path === "/figures") return this.#figures(request);
    if (method === "GET" && path === "/watch") return watch(hub, request);
    if (method === "POST" && path === "/publish") return this.#publish(request);
    return problem(404, "There is nothing here");
  }

  async #session(request: Request): Promise<Response> {
    const { guard, isSecure, log } = this.#parts;
    if (request.method === "GET") return json({ open: guard.hasSession(request) });
    if (request.method === "DELETE") return json({ open: false }, { "set-cookie": guard.end(isSecure) });
    if (request.method !== "POST") return problem(405, "This takes GET, POST and DELETE");
    const { token } = await readJson(request) as { token?: unknown };
    if (typeof token !== "string" || !guard.isToken(token)) {
      log.warn("admin-refused", "Refused to open the admin page: the token is wrong", { path: "/admin" });
      return problem(401, "This is not the admin token");
    }
    log.info("admin-opened", "The admin page was opened");
    return json({ open: true }, { "set-cookie": guard.begin(isSecure) });
  }

  async #publish(request: Request): Promise<Response> {
    return json({ id: await this.#parts.hub.publish(await readJson(request) as HubUpdate) });
  }

  #figures(request: Request): Response {
    const response = this.#feed.subscribe(request, { lastEventId: "" });
    clearTimeout(this.#timer);
    this.#tell();
    return response;
  }

  /** Tells the figures of now, and goes on while there is somebody to tell. */
  readonly #tell = (): void => {
    if (this.#feed.size === 0 || this.#feed.state !== "open") return;
    const { hub, topics } = this.#parts;
    const { lagging, delivered } = hub.broadcaster.stats();
    const { published, refused, streams, subscriptions } = hub.stats();
    const data = {
      at: Date.now(),
      isReady: hub.broadcaster.state === "open" && hub.broadcaster.health().ok,
      ...{ streams, lagging, subscriptions, published, delivered },
      refused: Object.values(refused).reduce((sum, count) => sum + count, 0),
      topics: topics.top(MOST_TOPICS),
    };
    // A rejection is told by the broadcaster.
    void this.#feed.publish({ event: "figures", key: "figures", data });
    this.#timer = setTimeout(this.#tell, INTERVAL);
  };
}

/** A stream for the page alone: origins that may read the hub's streams may not read this one. */
async function watch(hub: Hub, request: Request): Promise<Response> {
  const response = await hub.subscribe(request);
  for (const name of [...response.headers.keys()]) {
    if (name.startsWith("access-control-")) response.headers.delete(name);
  }
  return response;
}
