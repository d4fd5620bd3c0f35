/** Makes an example of its routes and its page, alone or in the gallery. */

import process from "node:process";
import { fileURLToPath } from "node:url";
import type { FetchHandler } from "tidings/serve";
import { built } from "./built.ts";
import { folder, type Policy } from "./files.ts";
import { router, type Routes } from "./router.ts";
import { run } from "./run.ts";

/** An example. */
export interface System {
  /** Its API at the paths of its tutorial, and its page at `/<name of its folder>/`. */
  readonly routes: Routes;
  /** All of it as one handler, with what its page shares with the others'. */
  readonly fetch: FetchHandler;
  /** Ends its timers and its event streams. */
  readonly close: () => void | Promise<void>;
  /** A number that says how it is doing, for its card on the front page. What it counts, the card says. */
  readonly figure?: (() => number) | undefined;
}

/** What a system is made of. */
export interface SystemParts {
  readonly routes: Routes;
  readonly close: () => void | Promise<void>;
  readonly figure?: () => number;
  /** Directives of the Content-Security-Policy of its page, over the strict ones: see files.ts. */
  readonly policy?: Policy;
}

/** What the pages share: the look, the languages, and the client library. */
export const shared: Routes = {
  ...await folder("/page/", new URL("../page/", import.meta.url)),
  "GET /page/client.js": await built("client.js"),
};

/**
 * Makes a system of its parts and the page beside its module; runs it, if that module is the program.
 *
 * @param meta The module's `import.meta`.
 */
export async function system(meta: ImportMeta, parts: SystemParts): Promise<System> {
  const { routes, close, figure, policy } = parts;
  const home = new URL("./", meta.url);
  const path = `/${home.pathname.split("/").at(-2)}/`;
  const all: Routes = {
    ...routes,
    ...await folder(path, home, policy),
    [`GET ${path.slice(0, -1)}`]: redirect(path),
  };
  const fetch = router(shared, all, { "GET /": redirect(path) });
  if (isProgram(meta)) await run(fetch, close);
  return { routes: all, fetch, close, figure };
}

/** Sends the browser on to a path, with the query that it came with: `?lang=zh` is to be heard there. */
export function redirect(path: string): FetchHandler {
  return ({ url }) => new Response(null, { status: 302, headers: { location: path + new URL(url).search } });
}

/** Whether this module is what was started. Node says so by itself from version 24 on. */
export function isProgram(meta: ImportMeta): boolean {
  return (meta as { main?: boolean }).main ?? process.argv[1] === fileURLToPath(meta.url);
}
