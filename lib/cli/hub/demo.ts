/**
 * Serves a page on which somebody who tries a hub sees what it does: what one tab publishes all tabs receive.
 *
 * @module
 */

import type { Hub } from "../../hub/mod.ts";
import { answered, json, problem, readJson } from "./answers.ts";
import { isSameOrigin } from "./guard.ts";
import type { OperationLog } from "./log.ts";
import { PageFiles } from "./page_files.ts";

/** The one topic that the page publishes on, and reads. */
export const DEMO_TOPIC = "https://example.com/demo";

// Whoever reaches the page may publish: a line, and nothing that fills the history.
const MOST_CHARACTERS = 500;

export interface DemoParts {
  readonly hub: Hub;
  readonly log: OperationLog;
  /** The hub's public address. */
  readonly url: string;
  /** Who makes its tokens, if that is one. */
  readonly issuer: string | undefined;
}

export class Demo {
  readonly #parts: DemoParts;
  readonly #files: PageFiles;

  /** @param folder That of the package, in which the page's files lie. */
  static async open(parts: DemoParts, folder: URL): Promise<Demo> {
    return new Demo(
      parts,
      await PageFiles.open(folder, ["demo.html", "demo.js", "client.js", "base.css", "page.css"]),
    );
  }

  private constructor(parts: DemoParts, files: PageFiles) {
    this.#parts = parts;
    this.#files = files;
  }

  /** The answer to a request at `/demo` or below. */
  answer(request: Request, path: string): Promise<Response> {
    return answered(() => this.#route(request, path.slice("/demo".length)), this.#parts.log);
  }

  #route(request: Request, path: string): Promise<Response> | Response {
    const { method } = request;
    const file = this.#files.answer(request, path);
    if (file !== undefined) return file;
    if (!isSameOrigin(request)) return problem(403, "This is for the hub's own page");
    const { hub, url, issuer } = this.#parts;
    if (method === "GET" && path === "/about") return json({ url, issuer, topic: DEMO_TOPIC });
    if (method === "GET" && path === "/events") return hub.subscribe(askingForDemo(request));
    if (method === "POST" && path === "/publish") return this.#publish(request);
    return problem(404, "There is nothing here");
  }

  async #publish(request: Request): Promise<Response> {
    const { text } = await readJson(request) as { text?: unknown };
    if (typeof text !== "string" || text === "" || text.length > MOST_CHARACTERS) {
      return problem(400, `Say something, of ${MOST_CHARACTERS} characters at most`);
    }
    return json({ id: await this.#parts.hub.publish({ topic: DEMO_TOPIC, data: text }) });
  }
}

/** The request, asking for the demo's topic and nothing else. */
function askingForDemo(request: Request): Request {
  const { origin } = new URL(request.url);
  return new Request(`${origin}/?match=${encodeURIComponent(DEMO_TOPIC)}`, request);
}
