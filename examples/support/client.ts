/** Bundles TypeScript modules for the pages: each becomes one JavaScript file when it is first asked for. */

import { fileURLToPath } from "node:url";
import type { FetchHandler } from "tidings/serve";
import { fileHeaders } from "./files.ts";
import { Refusal } from "./http.ts";

async function bundle(entry: URL): Promise<string> {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

/** Deno brings a bundler, for where nothing was installed. Bun fetches what is missing by itself. */
interface Bundler {
  bundle(options: { entrypoints: string[]; platform: "browser"; minify: boolean; write: false }): Promise<
    { outputFiles: { text(): string }[] }
  >;
}

async function bundleOnDeno(entry: URL, cause: unknown): Promise<string> {
  const { Deno } = globalThis as { Deno?: Partial<Bundler> };
  if (Deno?.bundle === undefined) throw cause;
  const { outputFiles } = await Deno.bundle({
    entrypoints: [fileURLToPath(entry)],
    platform: "browser",
    minify: true,
    write: false,
  });
  return outputFiles[0]!.text();
}

/** A handler that answers with the module and all that it imports, or says what is missing. */
export function bundled(entry: URL): FetchHandler {
  let made: Promise<string> | undefined;
  return async () => {
    try {
      const code = await (made ??= bundle(entry).catch((cause) => bundleOnDeno(entry, cause)));
      return new Response(code, { headers: fileHeaders("text/javascript; charset=utf-8") });
    } catch (error) {
      made = undefined;
      console.error(
        `${entry.pathname} cannot be built for the pages. Are the dependencies there? Run: npm ci`,
        error,
      );
      throw new Refusal(500, "This module cannot be built here: run npm ci, and reload the page");
    }
  };
}

/** The client library. */
export const clientBundle: FetchHandler = bundled(new URL("../page/client.ts", import.meta.url));
