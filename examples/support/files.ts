/** Serves the files of one folder, read once. No path of a request ever reaches the file system. */

import { readdir, readFile } from "node:fs/promises";
import { framed } from "./frame.ts";
import type { Routes } from "./router.ts";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

// Pages load nothing from elsewhere and run no inline script: what is posted could not run even if the page slipped.
const POLICY: Policy = {
  "default-src": "'self'",
  "img-src": "'self' data:",
  "object-src": "'none'",
  "base-uri": "'none'",
  "form-action": "'self'",
  "frame-ancestors": "'none'",
};

/** Directives of a Content-Security-Policy. */
export type Policy = Readonly<Record<string, string>>;

/** Headers of whatever a page is made of. */
export function fileHeaders(type: string, policy: Policy = {}): Record<string, string> {
  const directives = Object.entries({ ...POLICY, ...policy }).map((parts) => parts.join(" "));
  return {
    "content-type": type,
    "content-security-policy": directives.join("; "),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-cache",
  };
}

/**
 * A route for each file of the folder that a browser could want; `index.html` is at `path` itself. Pages are put into the
 * frame that all share: see frame.ts.
 *
 * @param path Where they are, with a slash at its end.
 * @param policy Directives of the Content-Security-Policy, over the strict ones that all pages have.
 */
export async function folder(path: string, url: URL, policy?: Policy): Promise<Routes> {
  const routes: Record<string, () => Response> = {};
  for (const name of await readdir(url)) {
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
    if (type === undefined) continue;
    const file = await readFile(new URL(name, url));
    const bytes = type === TYPES["html"]
      ? new TextEncoder().encode(framed(`${path.slice(1)}${name}`, file.toString()))
      : new Uint8Array(file);
    const headers = { ...fileHeaders(type, policy), "content-length": String(bytes.byteLength) };
    routes[`GET ${path}${name === "index.html" ? "" : name}`] = () => new Response(bytes, { headers });
  }
  return routes;
}
