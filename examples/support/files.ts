/** Serves the files of one folder, read once. No path of a request ever reaches the file system. */

import { readdir, readFile } from "node:fs/promises";

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

// Nothing from elsewhere, and no inline script: what is posted could not run even if the page slipped.
const POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

/** A lookup from a path to its answer. `index.html` is at `/`, all else at its name. */
export async function folder(url: URL): Promise<(path: string) => Response | undefined> {
  const files = new Map<string, { bytes: Uint8Array<ArrayBuffer>; type: string }>();
  for (const name of await readdir(url)) {
    const type = TYPES[name.slice(name.lastIndexOf(".") + 1)];
    if (type === undefined) continue;
    const bytes = new Uint8Array(await readFile(new URL(name, url)));
    files.set(name === "index.html" ? "/" : `/${name}`, { bytes, type });
  }
  return (path) => {
    const file = files.get(path);
    if (file === undefined) return undefined;
    return new Response(file.bytes, {
      headers: {
        "content-type": file.type,
        "content-length": String(file.bytes.byteLength),
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "cache-control": "no-cache",
      },
    });
  };
}
