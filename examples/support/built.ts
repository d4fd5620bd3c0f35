/** Serves the modules of the pages that are built into the tree, by `npm run pages`. */

import { readFile } from "node:fs/promises";
import type { FetchHandler } from "tidings/serve";
import { fileHeaders } from "./files.ts";

/** A handler that answers with a file of `examples/built`. */
export async function built(name: string): Promise<FetchHandler> {
  const bytes = new Uint8Array(await readFile(new URL(`../built/${name}`, import.meta.url)));
  return () => new Response(bytes, { headers: fileHeaders("text/javascript; charset=utf-8") });
}
